import type { ReportQuestion } from 'labbook'

const REPLICAS = [
  { en: '1 replica', ru: '1 реплика' },
  { en: '4 replicas', ru: '4 реплики' },
] as const

/** Capacity, scaling, and users with think time. */
export const LOAD_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: { en: 'Do more replicas serve more requests?', ru: 'Обслуживает ли больше реплик больше запросов?' },
    answeredBy: ['load.capacity.'],
    pictures: ['trials-of-'],
    keyResults: [
      {
        label: {
          en: 'times the capacity of 1 replica, with 4',
          ru: 'во столько раз производительнее 4 реплики, чем 1',
        },
        finding: 'load.capacity.1-vs-4',
        metric: 'ratio',
      },
      ...REPLICAS.map(({ en, ru }) => ({
        label: { en: `served by ${en}`, ru: `обслуживают: ${ru}` },
        finding: 'load.capacity.1-vs-4',
        metric: `RPS, ${en}`,
      })),
      ...REPLICAS.map(({ en, ru }) => ({
        label: { en: `p95 latency, ${en}`, ru: `задержка p95, ${ru}` },
        finding: 'load.capacity.1-vs-4',
        metric: `p95, ${en}`,
      })),
    ],
  },
  {
    text: {
      en: 'Is the load shared evenly by the replicas?',
      ru: 'Равномерно ли распределяется нагрузка между репликами?',
    },
    answeredBy: ['load.share'],
    pictures: ['trials-of-'],
  },
  {
    text: {
      en: 'Does capacity follow a scaling law?',
      ru: 'Подчиняется ли производительность закону масштабирования?',
    },
    answeredBy: ['load.scaling'],
    pictures: ['capacity-by-replicas'],
    references: [
      {
        title: 'Gunther: Universal Scalability Law',
        url: 'https://www.perfdynamics.com/Manifesto/USLscalability.html',
      },
    ],
  },
  {
    text: {
      en: 'Do users with think time, not the app, limit the throughput?',
      ru: 'Ограничивают ли пропускную способность паузы пользователей, а не приложение?',
    },
    answeredBy: ['load.users.'],
    pictures: ['users-by-replicas'],
    keyResults: [
      {
        label: { en: 'served to 100 users with think time', ru: 'для 100 пользователей с паузами' },
        finding: 'load.users.100',
        metric: 'throughput',
      },
    ],
  },
  {
    text: {
      en: 'Is a p99 latency goal met at some rate?',
      ru: 'Достигается ли целевая задержка p99 при некоторой частоте?',
    },
    answeredBy: ['load.goal'],
    pictures: ['latency-by-rate'],
    keyResults: [
      {
        label: { en: 'highest rate within the latency goal', ru: 'наибольшая частота в пределах целевой задержки' },
        finding: 'load.goal',
        metric: 'highest rate',
      },
    ],
  },
]
