import type { ReportQuestion } from 'labbook'

const DOCS = 'https://kubernetes.io/docs/concepts'

/** The Counter app on Kubernetes, and the comparison with Swarm. */
export const KUBERNETES_QUESTIONS: {
  readonly kubernetes: readonly ReportQuestion[]
  readonly comparison: readonly ReportQuestion[]
} = {
  kubernetes: [
    {
      text: { en: 'Are all nodes and pods ready?', ru: 'Готовы ли все узлы и поды?' },
      answeredBy: ['k3s.nodes.', 'k3s.pods.'],
      references: [{ title: 'Kubernetes: Deployments', url: `${DOCS}/workloads/controllers/deployment/` }],
    },
    {
      text: { en: 'Does the app answer, and count correctly?', ru: 'Отвечает ли приложение и верно ли считает?' },
      answeredBy: ['k3s.app.'],
    },
    {
      text: {
        en: 'Are pods replaced when a pod or a node is lost?',
        ru: 'Заменяются ли поды при потере пода или узла?',
      },
      answeredBy: ['k3s.pod-killed.', 'k3s.node-killed.replaced'],
    },
    {
      text: {
        en: 'Do pods return to a recovered or uncordoned node?',
        ru: 'Возвращаются ли поды на восстановленный или возвращённый узел?',
      },
      answeredBy: ['k3s.uncordon.', 'k3s.node-killed.stays-away'],
      negated: true,
    },
    {
      text: { en: 'Can a node be drained and its load restored?', ru: 'Можно ли освободить узел и вернуть нагрузку?' },
      answeredBy: ['k3s.drain.', 'k3s.restart.'],
    },
    {
      text: { en: 'Can the app be updated without downtime?', ru: 'Можно ли обновить приложение без простоя?' },
      answeredBy: ['k3s.update.', 'k3s.rollback.'],
    },
    {
      text: {
        en: 'Does Kubernetes roll back a failed update automatically?',
        ru: 'Откатывает ли Kubernetes неудачное обновление сам?',
      },
      answeredBy: ['k3s.update.does-not-roll-back'],
      negated: true,
    },
    {
      text: { en: 'Does the autoscaler follow the load?', ru: 'Следует ли автомасштабирование за нагрузкой?' },
      answeredBy: ['k3s.hpa.'],
      references: [
        {
          title: 'Kubernetes: HorizontalPodAutoscaler',
          url: 'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/',
        },
      ],
    },
    {
      text: {
        en: 'Does the data survive the recreation of the Redis pod?',
        ru: 'Сохраняются ли данные при пересоздании пода Redis?',
      },
      answeredBy: ['k3s.data.'],
    },
    {
      text: {
        en: 'Are configuration, secrets and network access restricted as declared?',
        ru: 'Ограничены ли настройки, секреты и доступ к сети как объявлено?',
      },
      answeredBy: ['k3s.network.', 'k3s.config.'],
    },
  ],
  comparison: [
    {
      text: {
        en: 'Was every compared metric measured on both sides?',
        ru: 'Все ли показатели измерены с обеих сторон?',
      },
      answeredBy: ['compare.'],
    },
  ],
}
