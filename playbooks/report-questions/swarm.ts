import type { ReportQuestion } from 'labbook'

const DOCS = 'https://docs.docker.com/engine/swarm'

/** Drain, loss of nodes and managers, scaling, updates, health checks. */
export const SWARM_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: { en: 'Are all nodes ready members of the Swarm?', ru: 'Все ли узлы входят в Swarm и готовы?' },
    answeredBy: ['swarm.nodes.'],
    pictures: ['swarm-nodes'],
    references: [{ title: 'Docker: Swarm mode', url: `${DOCS}/` }],
  },
  {
    text: {
      en: 'Do the tasks of a drained node move to other nodes?',
      ru: 'Переносятся ли задачи узла, переведённого в режим drain?',
    },
    answeredBy: ['swarm.drain.'],
    pictures: ['timeline-drain-', 'containers-on-'],
    references: [{ title: 'Docker: drain a node', url: `${DOCS}/swarm-tutorial/drain-node/` }],
  },
  {
    text: {
      en: 'Do tasks return to a node that is active again?',
      ru: 'Возвращаются ли задачи на узел, который снова активен?',
    },
    answeredBy: ['swarm.active.'],
    negated: true,
    pictures: ['replicas-on-node'],
  },
  {
    text: {
      en: 'Can tasks be placed on the node again, by a forced update or by scaling?',
      ru: 'Можно ли вернуть задачи на узел принудительным обновлением или масштабированием?',
    },
    answeredBy: ['swarm.force-update.', 'swarm.scale.rebalances'],
    pictures: ['replicas-per-node-after-the-forced-update', 'replicas-per-node-after-scaling'],
  },
  {
    text: {
      en: 'Does the service survive the loss of a node without intervention?',
      ru: 'Переживает ли сервис потерю узла без вмешательства?',
    },
    answeredBy: ['swarm.node-', 'swarm.daemon-'],
    pictures: ['timeline-'],
    keyResults: [
      {
        label: {
          en: 'until all replicas of a node without power run elsewhere',
          ru: 'до запуска реплик обесточенного узла на других',
        },
        finding: 'swarm.node-killed.replaced',
        metric: 'time to all replicas',
      },
      {
        label: {
          en: 'failed requests through other nodes meanwhile',
          ru: 'ошибок запросов через другие узлы за это время',
        },
        finding: 'swarm.node-killed.replaced',
        metric: 'failed requests through other nodes',
      },
    ],
    references: [{ title: 'Docker: how nodes work', url: `${DOCS}/how-swarm-mode-works/nodes/` }],
  },
  {
    text: {
      en: 'Does the routing mesh serve the app through every node?',
      ru: 'Обслуживает ли routing mesh приложение через каждый узел?',
    },
    answeredBy: ['swarm.mesh.', 'swarm.vip.', 'swarm.node-power-off.'],
    pictures: ['ipvs-support-of-'],
    references: [{ title: 'Docker: routing mesh', url: `${DOCS}/ingress/` }],
  },
  {
    text: {
      en: 'Does the service keep running when a manager is lost?',
      ru: 'Продолжает ли сервис работать при потере узла-менеджера?',
    },
    answeredBy: ['swarm.manager-'],
    pictures: ['timeline-'],
    references: [{ title: 'Docker: administer a Swarm', url: `${DOCS}/admin_guide/` }],
  },
  {
    text: {
      en: 'Can the service be scaled up and down under load?',
      ru: 'Можно ли менять число реплик под нагрузкой?',
    },
    answeredBy: ['swarm.scale.'],
    pictures: ['timeline-'],
    keyResults: [
      {
        label: { en: 'to scale up', ru: 'на увеличение числа реплик' },
        finding: 'swarm.scale.up',
        metric: 'time to scale up',
      },
    ],
  },
  {
    text: { en: 'Can the service be updated without downtime?', ru: 'Можно ли обновить сервис без простоя?' },
    answeredBy: ['swarm.update.', 'swarm.rollback.'],
    pictures: ['timeline-update-and-rollback'],
    keyResults: [
      {
        label: { en: 'failed requests during a rolling update', ru: 'ошибок запросов при обновлении' },
        finding: 'swarm.update.no-failed-request',
        metric: 'failed requests',
      },
      {
        label: { en: 'for a rolling update of all replicas', ru: 'на обновление всех реплик' },
        finding: 'swarm.update.no-failed-request',
        metric: 'time to update',
      },
    ],
    references: [{ title: 'Docker: rolling updates', url: `${DOCS}/swarm-tutorial/rolling-update/` }],
  },
  {
    text: {
      en: 'Does Swarm replace a container that stops responding?',
      ru: 'Заменяет ли Swarm контейнер, который не отвечает?',
    },
    answeredBy: ['swarm.health.'],
    pictures: ['timeline-'],
    keyResults: [
      {
        label: { en: 'until a replica that hangs is replaced', ru: 'до замены зависшей реплики' },
        finding: 'swarm.health.replaces',
        metric: 'time to replacement',
      },
    ],
    references: [
      {
        title: 'Compose file: healthcheck',
        url: 'https://docs.docker.com/reference/compose-file/services/#healthcheck',
      },
    ],
  },
]
