import type { ReportQuestion } from 'labbook'

/** The registry: storage, TLS, accounts. */
export const REGISTRY_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: {
      en: 'Do images survive the removal of the registry container?',
      ru: 'Сохраняются ли образы при удалении контейнера реестра?',
    },
    answeredBy: ['registry.storage.', 'registry.gc.'],
    pictures: ['catalogue-of-the-registry', 'storage-on-the-host'],
    references: [
      { title: 'Docker: registry storage', url: 'https://distribution.github.io/distribution/about/configuration/' },
    ],
  },
  {
    text: {
      en: 'Does the registry refuse strangers and accept its users?',
      ru: 'Пускает ли реестр только своих пользователей?',
    },
    answeredBy: ['registry.'],
    pictures: ['anonymous-client', 'log-in-with-a-wrong-password'],
    references: [
      { title: 'Distribution: deploy a registry', url: 'https://distribution.github.io/distribution/about/deploying/' },
    ],
  },
  {
    text: { en: 'Can every node push and pull over HTTPS?', ru: 'Доступны ли узлам push и pull по HTTPS?' },
    answeredBy: ['registry.push.', 'registry.pull.other-node', 'registry.tls.'],
    pictures: ['pull-on-'],
  },
]
