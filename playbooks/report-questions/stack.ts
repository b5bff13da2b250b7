import type { ReportQuestion } from 'labbook'

/** Stacks from compose files, and the Counter app as one. */
export const STACK_QUESTIONS: {
  readonly stack: readonly ReportQuestion[]
  readonly counter: readonly ReportQuestion[]
} = {
  stack: [
    {
      text: { en: 'Does Swarm wait for the services in depends_on?', ru: 'Ждёт ли Swarm сервисы из depends_on?' },
      answeredBy: ['swarm.depends-on.'],
      negated: true,
      pictures: ['compose-file-with-depends-on', 'start-times'],
      references: [{ title: 'Docker: deploy a stack', url: 'https://docs.docker.com/engine/swarm/stack-deploy/' }],
    },
    {
      text: {
        en: 'Does the stack of a compose file run as desired?',
        ru: 'Работает ли стек из compose-файла как задано?',
      },
      answeredBy: ['stack.converged', 'stack.replicas'],
      pictures: ['services-of-', 'tasks-of-'],
    },
    {
      text: { en: 'Are all containers of the stack healthy?', ru: 'Все ли контейнеры стека исправны?' },
      answeredBy: ['stack.health'],
    },
    {
      text: { en: 'Is a vote counted?', ru: 'Учитывается ли голос?' },
      answeredBy: ['stack.vote.'],
      pictures: ['votes-after', 'cast-a-vote'],
    },
    {
      text: { en: 'Does the deployed application answer?', ru: 'Отвечает ли развёрнутое приложение?' },
      answeredBy: ['stack.'],
    },
  ],
  counter: [
    {
      text: { en: 'Do all replicas of the app answer?', ru: 'Все ли реплики приложения отвечают?' },
      answeredBy: ['app.replicas.'],
      pictures: ['services-of-the-stack', 'compose-file-of-the-counter-app'],
    },
    {
      text: { en: 'Does the page of the app work in a browser?', ru: 'Работает ли страница приложения в браузере?' },
      answeredBy: ['app.page.'],
      pictures: ['counter-page'],
    },
    {
      text: {
        en: 'Does the app count concurrent increments correctly?',
        ru: 'Верно ли приложение считает одновременные запросы?',
      },
      answeredBy: ['app.counter.'],
      pictures: ['concurrent-increments'],
    },
    {
      text: {
        en: 'Does the app recover when Redis becomes available?',
        ru: 'Восстанавливается ли приложение, когда Redis становится доступен?',
      },
      answeredBy: ['app.waits-for-'],
    },
  ],
}
