import type { ReportQuestion } from 'labbook'

/** The balancer beside the routing mesh. */
export const BALANCING_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: {
      en: 'Does the balancer of every node route each path to its app?',
      ru: 'Направляет ли балансировщик каждого узла каждый путь в своё приложение?',
    },
    answeredBy: ['balancer.paths'],
    references: [
      {
        title: 'Docker: external load balancer',
        url: 'https://docs.docker.com/engine/swarm/ingress/#configure-an-external-load-balancer',
      },
    ],
  },
  {
    text: {
      en: 'Do requests of one client stay with one replica?',
      ru: 'Остаются ли запросы клиента у одной реплики?',
    },
    answeredBy: ['balancer.sticky'],
  },
  {
    text: { en: 'Does the balancer avoid a stopped replica?', ru: 'Обходит ли балансировщик остановленную реплику?' },
    answeredBy: ['balancer.health', 'balancer.'],
  },
]
