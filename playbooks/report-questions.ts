import type { ReportQuestion } from 'labbook'

/** The questions of the lab course, in the report's order. */
export const REPORT_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: {
      en: 'What happens to the tasks of a drained node?',
      ru: 'Что происходит с задачами узла, переведённого в режим drain?',
    },
    answeredBy: ['swarm.drain.'],
  },
  {
    text: {
      en: 'Do tasks return to a node that is active again?',
      ru: 'Возвращаются ли задачи на узел, который снова активен?',
    },
    answeredBy: ['swarm.active.'],
  },
  {
    text: { en: 'What rebalances the tasks?', ru: 'Что перераспределяет задачи по узлам?' },
    answeredBy: ['swarm.force-update.'],
  },
  {
    text: {
      en: 'Does the service survive the loss of a node, and recover by itself?',
      ru: 'Переживает ли сервис потерю узла, восстанавливается ли сам?',
    },
    answeredBy: ['swarm.node-', 'swarm.daemon-'],
  },
  {
    text: { en: 'What happens when a manager is lost?', ru: 'Что происходит при потере узла-менеджера?' },
    answeredBy: ['swarm.manager-'],
  },
  {
    text: { en: 'How is the number of replicas set?', ru: 'Как задаётся число реплик?' },
    answeredBy: ['swarm.scale.', 'app.replicas.', 'stack.replicas'],
  },
  {
    text: { en: 'Can the service be updated without downtime?', ru: 'Можно ли обновить сервис без простоя?' },
    answeredBy: ['swarm.update.', 'swarm.rollback.'],
  },
  {
    text: { en: 'How does the Swarm check health?', ru: 'Как Swarm проверяет работоспособность?' },
    answeredBy: ['swarm.health.', 'stack.health'],
  },
  {
    text: { en: 'What does depends_on do?', ru: 'Что делает depends_on?' },
    answeredBy: ['swarm.depends-on.', 'app.waits-for-'],
  },
  {
    text: {
      en: 'Does capacity change with the number of replicas?',
      ru: 'Зависит ли производительность от числа реплик?',
    },
    answeredBy: ['load.capacity.', 'load.scaling', 'load.share', 'load.goal'],
  },
  {
    text: { en: 'What do users with think time experience?', ru: 'Что наблюдают пользователи, делающие паузы?' },
    answeredBy: ['load.users.'],
  },
  {
    text: {
      en: 'Do images survive the removal of the registry container?',
      ru: 'Сохраняются ли образы при удалении контейнера реестра?',
    },
    answeredBy: ['registry.storage.', 'registry.pull.', 'registry.gc.'],
  },
  {
    text: { en: 'Is the registry secure?', ru: 'Защищён ли реестр?' },
    answeredBy: ['registry.'],
  },
]
