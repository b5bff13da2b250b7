import type { RunnerText } from '../../events/runner-texts.ts'
import { capitalized, dayAndTime, durationIn, measureIn, numberIn, type Units } from '../format.ts'
import type { Messages } from './messages.ts'

/** Thousands are separated by a no-break space. */
const RUSSIAN: Units = { ms: 'мс', s: 'с', min: 'мин', h: 'ч', point: ',', thousands: '\u00a0' }

const number = numberIn(RUSSIAN)
const measure = measureIn(RUSSIAN)

/** `1 задача`, `2 задачи`, `5 задач`, `11 задач`, `21 задача`, `2,5 задачи` */
function plural(n: number, one: string, few: string, many: string): string {
  return `${Number.isInteger(n) ? number(n) : measure(n)} ${pluralForm(n, one, few, many)}`
}

function pluralForm(n: number, one: string, few: string, many: string): string {
  if (!Number.isInteger(n)) return few
  const [tens, ones] = [Math.floor(n / 10) % 10, n % 10]
  if (tens === 1 || ones === 0 || ones > 4) return many
  return ones === 1 ? one : few
}

const bytes = (n: number): string => plural(n, 'байт', 'байта', 'байт')

/** Texts of the runner. */
const RUNNER: Readonly<Record<RunnerText, string>> = {
  'no hosts match {pattern}': 'нет узлов, подходящих под {pattern}',
  'not run: {hosts} failed or became unreachable earlier': 'не выполнено: {hosts} - ранее ошибка или узел недоступен',
  interrupted: 'прервано',
  'the experiment ended without a verdict': 'эксперимент закончился без результата',
}

const MONTHS = [
  'января',
  'февраля',
  'марта',
  'апреля',
  'мая',
  'июня',
  'июля',
  'августа',
  'сентября',
  'октября',
  'ноября',
  'декабря',
] as const

/** `21 ноября 2026 г., 04:30:00 UTC` */
function moment(iso: string): string {
  const at = dayAndTime(iso)
  return at === undefined ? 'время неизвестно' : `${at.day} ${MONTHS[at.month]} ${at.year} г., ${at.time} UTC`
}

const hosts = (n: number): string => plural(n, 'узел', 'узла', 'узлов')

/** The report's texts in Russian. */
export const ru: Messages = {
  lang: 'ru',
  texts: {
    template: (id) => (Object.hasOwn(RUNNER, id) ? RUNNER[id as RunnerText] : undefined),
    form: (n, [one = '', few = one, many = few]) => pluralForm(n, one, few, many),
    decimalPoint: ',',
  },
  number,
  measure,
  duration: durationIn(RUSSIAN),
  moment,
  bytes: (n) => (n < 10_000 ? bytes(n) : `${measure(n / 1000)} кБ`),

  verdicts: { passed: 'Успешно', failed: 'Неудача', interrupted: 'Прервано' },
  findingVerdicts: { yes: 'Да', no: 'Нет', holds: 'Подтверждено', fails: 'Не подтверждено', unknown: 'Не определено' },
  statuses: {
    ok: 'в порядке',
    changed: 'изменено',
    unreachable: 'недоступен',
    failed: 'ошибка',
    skipped: 'пропущено',
    rescued: 'исправлено',
    ignored: 'проигнорировано',
    unknown: 'неизвестно',
  },
  levels: { info: 'к сведению', warning: 'предупреждение', error: 'ошибка' },
  kinds: { play: 'сценарий', experiment: 'эксперимент' },
  blocks: {
    probe: 'проверка',
    change: 'изменение',
    verify: 'проверка после изменения',
    output: 'вывод',
    errors: 'ошибки',
  },
  streams: { output: 'вывода', errors: 'вывода ошибок' },

  headings: {
    labReport: 'Отчёт о лабораторной работе',
    unnamedRun: 'Запуск',
    contents: 'Содержание',
    skipLink: 'Перейти к отчёту',
    verdict: 'Итог',
    failures: 'Что пошло не так',
    questions: 'Вопросы и ответы',
    findings: 'Результаты проверок',
    hosts: 'Узлы',
    phases: 'Этапы',
    evidence: 'Доказательства',
    otherExhibits: 'Другие материалы',
    tasks: 'Задачи',
    logMessages: 'Сообщения',
    appendix: 'Приложение: команды',
    aim: 'Цель и стенд',
    keyResults: 'Основные результаты',
    otherFindings: 'Прочие результаты проверок',
    conclusion: 'Заключение',
    limits: 'Ограничения эксперимента',
    references: 'Источники',
    runs: 'Приложение: запуски и доказательства',
    allEvidence: 'Все доказательства',
  },
  labels: {
    checkMode: 'без изменений (check)',
    author: 'Автор',
    course: 'Курс',
    playbook: 'Плейбук',
    started: 'Начало',
    took: 'Длительность',
    exitCode: 'Код завершения',
    controller: 'Управляющая машина',
    hosts: 'Узлы',
    machines: 'Машины',
    commandLine: 'Командная строка',
    verdict: 'Итог',
    finding: 'Утверждение',
    measured: 'Измерено',
    evidence: 'Доказательства',
    host: 'Узел',
    phase: 'Этап',
    kind: 'Вид',
    question: 'Вопрос',
    expected: 'Ожидалось',
    answer: 'Ответ',
    asText: 'текстом',
    data: 'Данные',
    recording: 'Запись (asciinema play)',
    see: 'См.',
    seeAlso: 'См. также',
    ignored: 'проигнорировано',
    handler: 'обработчик',
    wouldChange: 'В текущем состоянии было бы сделано:',
    noTasks: 'Задачи не выполнялись.',
    exhibit: 'Материал',
    report: 'Отчёт',
    run: 'Запуск',
    allExhibits: 'Все материалы, задачи и команды',
    onlyWith: 'в доказательствах',
  },
  tables: {
    findings: 'Утверждения и результаты',
    hosts: 'Результаты задач по узлам',
    phases: 'Длительность этапов',
    questions: 'Вопросы и ответы на них',
    conclusion: 'Ответы по разделам',
    runs: 'Запуски, по которым составлен отчёт',
  },
  topology: {
    title: 'Топология',
    clients: 'Клиенты (генератор нагрузки)',
    network: 'Сеть',
    published: 'Опубликованные порты',
    port: (ports) => `порт ${ports}`,
    registry: (port) => `реестр, порт ${port}`,
    host: 'узел',
    worker: 'рабочий узел',
    agent: 'агент',
    manager: (status) => `узел-менеджер (${status})`,
  },
  defaultTitles: {
    swarm: (app, nodes) => `${app} в Docker Swarm, ${plural(nodes, 'узел', 'узла', 'узлов')}`,
    kubernetes: (app, nodes) => `${app} в кластере Kubernetes, ${plural(nodes, 'узел', 'узла', 'узлов')}`,
    application: (stack) => `Приложение ${capitalized(stack)}`,
    services: 'Сервисы',
  },
  charts: {
    second: 'с',
    starting: 'запускается',
    failed: 'с ошибкой',
    assumed: 'считается работающей (узел потерян, ещё не Down)',
    seconds: 'секунды от начала',
    failedBelow: 'с ответом ↑  с ошибкой ↓',
    noData: 'Нет данных',
    cannotDraw: (why) => `Не удалось построить график: ${why}`,
    lines: (x, y) => `График: ${y}; по горизонтали ${x}.`,
    series: (name, n, low, high) => `${name}: ${plural(n, 'значение', 'значения', 'значений')} от ${low} до ${high}.`,
    timeline: (lanes, seconds, bars) =>
      `Ход событий за ${seconds} с, дорожки ${lanes}, ${plural(bars, 'полоса', 'полосы', 'полос')}.`,
    requests: (ok, failed) => `${plural(ok, 'запрос', 'запроса', 'запросов')} с ответом, ${number(failed)} с ошибкой.`,
  },
  phrases: {
    title: (title, verdict) => `${title}: ${verdict.toLowerCase()} - отчёт Labbook`,
    footer: 'Создано Labbook по журналу событий этого запуска, events.jsonl.',
    footerOfRuns: 'Создано Labbook по журналам событий этих запусков.',
    software: (platform, node, version) => `${platform}, Node ${node}, Labbook ${version}`,
    machine: (system, cpus, memory) =>
      [
        ...(system === '' ? [] : [system]),
        ...(cpus > 0 ? [plural(cpus, 'процессор', 'процессора', 'процессоров')] : []),
        ...(memory === '' ? [] : [`${memory} ГиБ`]),
      ].join(', '),
    exit: (code) => `код завершения ${code}`,
    attempts: (n) => plural(n, 'попытка', 'попытки', 'попыток'),
    on: (host) => `на ${host}`,
    at: (status, task, play) => `${status}, задача «${task}» (${play})`,
    atTask: ', задача ',
    namesAnd: (names, more) => `${names} и ещё ${number(more)}`,
    interrupted: 'Запуск прерван; в отчёте то, что выполнено до этого',
    check: 'Режим проверки: ничего не изменено; показаны изменения, которые сделал бы запуск',
    unreachable: (names) => `Недоступны: ${names}`,
    failed: (names) => `С ошибками: ${names}`,
    findings: (hold, fail, unknown) =>
      `Подтверждено ${hold} из ${plural(hold + fail + unknown, 'утверждения', 'утверждений', 'утверждений')}` +
      (fail > 0 ? `, не подтверждено ${fail}` : '') +
      (unknown > 0 ? `, не определено ${unknown}` : ''),
    questions: (answered, all) => `Ответ найден на ${answered} из ${plural(all, 'вопроса', 'вопросов', 'вопросов')}`,
    changesToMake: (n) => `Предстоит ${plural(n, 'изменение', 'изменения', 'изменений')}`,
    changed: (n) => plural(n, 'задача внесла изменения', 'задачи внесли изменения', 'задач внесли изменения'),
    notRecorded: 'не записано',
    moreHosts: (n) => `Ещё ${hosts(n)} без ошибок: см. `,
    moreHostsIn: (n) => `Ещё ${hosts(n)}: см. `,
    moreExhibits: (n) => `Ещё ${plural(n, 'материал', 'материала', 'материалов')}: см. `,
    more: (n) => `Ещё ${number(n)}: см. `,
    onlyCounted: (results, counted) =>
      `${number(counted)} из ${plural(results, 'результата', 'результатов', 'результатов')} здесь только сосчитаны; все они в `,
    unchangedTasks: (n) => `${plural(n, 'задача', 'задачи', 'задач')} без изменений`,
    longOutput: (n, stream) => `${bytes(n)} ${stream}: начало и конец в `,
    completeTextIn: ', полный текст в ',
    recordedOn: (host, when) => `Снято на ${host}, ${when}`,
    dataInEventLog: (name) => `${name} (только в events.jsonl)`,
    linesOmitted: (n, file) =>
      `${plural(n, 'строка пропущена', 'строки пропущены', 'строк пропущено')}; полный текст в ${file}`,
    truncated: (file) => `сокращено; полный текст в ${file}`,
    diffTooLarge: 'слишком большое; обе версии в events.jsonl',
    diffMore: (n) => `ещё ${plural(n, 'строка', 'строки', 'строк')}; обе версии в events.jsonl`,
    terminal: (host, command, exitCode, lines, took) =>
      `Терминал ${host}. Команда: ${command}. Код завершения ${exitCode}, ${plural(lines, 'строка', 'строки', 'строк')} вывода, длительность ${took}.`,
    heldTimes: (held, of) =>
      of === 0 ? 'ни разу не определено' : `подтверждено ${plural(held, 'раз', 'раза', 'раз')} из ${number(of)}`,
    yesTimes: (yes, of) =>
      of === 0 ? 'ни разу не определено' : `да: ${plural(yes, 'раз', 'раза', 'раз')} из ${number(of)}`,
    atLeast: (percent) => `95 %-й доверительный интервал: не менее ${percent} %`,
    atMost: (percent) => `95 %-й доверительный интервал: не более ${percent} %`,
    between: (low, high) => `95 %-й доверительный интервал: от ${low} до ${high} %`,
    inconclusive: (n) => `не определено ${plural(n, 'раз', 'раза', 'раз')}`,
    measured: (name, median, low, high, n) => `${name}: медиана ${median}, от ${low} до ${high} (n = ${n})`,
    appendix: 'Команды, которые изменили узлы или показаны как доказательство, в порядке завершения.',
    omittedProbes: (n) => `Не показано: ${plural(n, 'проверка', 'проверки', 'проверок')} без изменений; см. `,
    moreCommands: (n) => `Ещё ${plural(n, 'команда', 'команды', 'команд')}: см. `,
    aim: (questions, sections) =>
      `Цель - экспериментально ответить на ${plural(questions, 'вопрос', 'вопроса', 'вопросов')} на работающих машинах: ${sections}.`,
    aimWithoutQuestions: 'Отчёт показывает, что запуск сделал с узлами.',
    method: (findings, exhibits) =>
      `Каждый ответ основан на результатах проверок (всего ${number(findings)}), а они - на записанных командах, выводе и ` +
      `измерениях (${plural(exhibits, 'материал', 'материала', 'материалов')}).`,
    answers: (yes, no, unknown) => `Да: ${yes}, нет: ${no}, не определено: ${unknown}`,
    seeEvidence: 'Доказательства',
    figure: (n) => `Рисунок ${n}`,
    conclusion: (answered, all) =>
      `Однозначный ответ получен на ${number(answered)} из ${plural(all, 'вопроса', 'вопросов', 'вопросов')}.`,
    sectionsMissing: (names) => `Не рассмотрено, так как в этих запусках нет таких проверок: ${names}.`,
    questionsMissing: (n) => `Нет результатов проверок для ${plural(n, 'вопроса', 'вопросов', 'вопросов')} плейбука.`,
    inconclusiveBecause: (ids, why) => `Не определено (${ids}): ${why}.`,
    once: (n) =>
      `По одному повторению: ${plural(n, 'результат', 'результата', 'результатов')}; при повторе эксперимента числа могут отличаться.`,
    oneKernel: (names) =>
      `${names} - контейнеры одной машины с общими процессором и диском: сравнивайте числа между собой, а не с числами отдельных машин.`,
    exhibitsMissing: (ids) => `На эти материалы ссылаются результаты, но они не записаны: ${ids}.`,
    replaced: (n) =>
      `Заменено новыми с тем же id: ${plural(n, 'старый результат', 'старых результата', 'старых результатов')}.`,
    unasked: 'Результаты, которые не относятся ни к одному вопросу плейбука.',
    evidenceTitle: (title) => `${title}: доказательства`,
  },
}
