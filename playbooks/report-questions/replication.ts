import type { ReportQuestion } from 'labbook'

const REDIS = 'https://redis.io/docs/latest/operate/oss_and_stack/management'

/** Redis: replication, persistence, Sentinel, Cluster. */
export const REPLICATION_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: {
      en: 'Can a database be scaled like a stateless service?',
      ru: 'Можно ли масштабировать базу данных как сервис без состояния?',
    },
    answeredBy: ['redis.scale.'],
    negated: true,
  },
  {
    text: {
      en: 'Does a replica serve reads, with little lag?',
      ru: 'Отвечает ли реплика на чтение, с малым отставанием?',
    },
    answeredBy: ['redis.replica.', 'redis.replication.lag'],
    references: [{ title: 'Redis: replication', url: `${REDIS}/replication/` }],
  },
  {
    text: {
      en: 'Does write load make stale reads more frequent?',
      ru: 'Учащает ли нагрузка на запись устаревшие чтения?',
    },
    answeredBy: ['redis.replication.lag.load'],
  },
  {
    text: { en: 'Does a killed Redis keep the count?', ru: 'Сохраняет ли счётчик Redis, завершённый сигналом?' },
    answeredBy: ['redis.killed'],
  },
  {
    text: {
      en: 'Does each persistence mode lose exactly what it promises to?',
      ru: 'Теряет ли каждый режим сохранения ровно то, что обещает?',
    },
    answeredBy: ['redis.persistence.'],
    references: [{ title: 'Redis: persistence', url: `${REDIS}/persistence/` }],
  },
  {
    text: { en: 'Is a lost master replaced without Sentinel?', ru: 'Заменяется ли потерянный master без Sentinel?' },
    answeredBy: ['redis.master-loss.without-sentinel'],
    negated: true,
  },
  {
    text: {
      en: 'Does a recovered master have all acknowledged increments?',
      ru: 'Есть ли у восстановленного master все подтверждённые инкременты?',
    },
    answeredBy: ['redis.master-loss.kept'],
  },
  {
    text: {
      en: 'Do Sentinels replace a lost master without loss?',
      ru: 'Заменяют ли Sentinel потерянный master без потерь?',
    },
    answeredBy: ['redis.sentinel.failover'],
    references: [{ title: 'Redis: Sentinel', url: `${REDIS}/sentinel/` }],
  },
  {
    text: {
      en: 'Does an isolated master lose writes without protection?',
      ru: 'Теряет ли изолированный master записи без защиты?',
    },
    answeredBy: ['redis.sentinel.cut-off.unprotected'],
  },
  {
    text: {
      en: 'Do min-replicas-to-write and WAIT prevent the loss?',
      ru: 'Предотвращают ли потерю min-replicas-to-write и WAIT?',
    },
    answeredBy: ['redis.sentinel.cut-off.', 'redis.cluster.cut-off.'],
  },
  {
    text: {
      en: 'Does Redis Cluster recover from the loss of a master without loss?',
      ru: 'Восстанавливается ли Redis Cluster после потери master без потерь?',
    },
    answeredBy: ['redis.cluster.'],
    references: [
      {
        title: 'Redis: Cluster specification',
        url: 'https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/',
      },
    ],
  },
  {
    text: {
      en: 'Does Redis Cluster spread one counter over its masters?',
      ru: 'Распределяет ли Redis Cluster один счётчик по master-узлам?',
    },
    answeredBy: ['redis.cluster.one-key'],
    negated: true,
  },
  {
    text: {
      en: 'Does writing scale with the number of masters?',
      ru: 'Растёт ли скорость записи с числом master-узлов?',
    },
    answeredBy: ['redis.write-scaling'],
  },
  {
    text: { en: 'Does a switch of topology keep the count?', ru: 'Сохраняется ли счётчик при смене топологии?' },
    answeredBy: ['redis.switch.'],
  },
  {
    text: { en: 'Were all topologies compared?', ru: 'Все ли топологии сравнены?' },
    answeredBy: ['redis.comparison'],
    pictures: ['comparison-'],
  },
]
