import { dayAndTime, durationIn, measureIn, numberIn, type Units } from '../format.ts'
import type { Words } from './en.ts'

/** The spaces between digits do not break. */
const RUSSIAN: Units = { ms: 'мс', s: 'с', min: 'мин', h: 'ч', point: ',', thousands: '\u00a0' }

const number = numberIn(RUSSIAN)
const measure = measureIn(RUSSIAN)

/** `1 задача`, `2 задачи`, `5 задач`, `11 задач`, `21 задача` */
function plural(n: number, one: string, few: string, many: string): string {
  const [tens, ones] = [Math.floor(n / 10) % 10, n % 10]
  const word = tens === 1 || ones === 0 || ones > 4 || !Number.isInteger(n) ? many : ones === 1 ? one : few
  return `${number(n)} ${word}`
}

const bytes = (n: number): string => plural(n, 'байт', 'байта', 'байт')

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

/** The report's fixed words in Russian. */
export const ru: Words = {
  lang: 'ru',
  number,
  measure,
  duration: durationIn(RUSSIAN),
  moment,
  bytes: (n) => (n < 10_000 ? bytes(n) : `${measure(n / 1000)} кБ`),

  verdicts: { passed: 'Успешно', failed: 'Неудача', interrupted: 'Прервано' },
  marks: { yes: 'да', no: 'нет', holds: 'верно', fails: 'неверно', unknown: 'неизвестно' },
  statuses: {
    ok: 'в порядке',
    changed: 'изменено',
    unreachable: 'недоступен',
    failed: 'ошибка',
    skipped: 'пропущено',
    rescued: 'исправлено',
    ignored: 'без последствий',
    unknown: 'неизвестно',
  },
  levels: { info: 'к сведению', warning: 'предупреждение', error: 'ошибка' },
  kinds: { play: 'сценарий', experiment: 'опыт' },
  blocks: {
    probe: 'проверка',
    change: 'изменение',
    verify: 'проверка после изменения',
    output: 'вывод',
    errors: 'ошибки',
  },
  streams: { output: 'вывода', errors: 'вывода ошибок' },

  heads: {
    labReport: 'Отчёт о лабораторной работе',
    aRun: 'запуск',
    contents: 'Содержание',
    skip: 'Перейти к отчёту',
    verdict: 'Итог',
    wrong: 'Что пошло не так',
    questions: 'Вопросы и ответы',
    findings: 'Выводы',
    hosts: 'Узлы',
    phases: 'Этапы',
    evidence: 'Доказательства',
    more: 'Прочие наблюдения',
    tasks: 'Задачи',
    notices: 'Замечания',
    appendix: 'Приложение: все команды',
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
    share: 'Доля от самого долгого',
    question: 'Вопрос',
    expected: 'Ожидалось',
    answer: 'Ответ',
    asText: 'текстом',
    data: 'Данные',
    see: 'См.',
    seeAlso: 'См. также',
    ignored: 'без последствий',
    handler: 'обработчик',
    asThingsAre: 'В нынешнем состоянии было бы сделано:',
    noTask: 'Ни одна задача не выполнялась.',
    terminal: 'Терминал',
    chart: 'График',
    exhibit: 'Наблюдение',
  },
  tables: {
    findings: 'Что требовалось доказать и что было видно',
    hosts: 'Результаты задач по узлам',
    phases: 'Сколько длился каждый этап',
    questions: 'Вопросы лабораторной работы и выводы, которые на них отвечают',
  },
  questions: {
    drain: 'Что происходит с задачами узла, выведенного из работы (drain)?',
    returns: 'Возвращается ли сервис на узел сам?',
    bringsBack: 'Что его возвращает?',
    survives: 'Переживает ли сервис потерю узла, восстанавливается ли сам?',
    managers: 'Что будет, если потерян управляющий узел?',
    replicas: 'Как задаётся число реплик?',
    update: 'Можно ли обновить сервис, не прерывая его работы?',
    health: 'Как проверяется работоспособность?',
    dependsOn: 'Что делает depends_on?',
    capacity: 'Изменилась ли производительность с числом реплик?',
    users: 'Что видели пользователи, делающие паузы?',
    images: 'Сохраняются ли образы при потере реестра?',
    registry: 'Защищён ли реестр?',
  },
  charts: {
    second: 'с',
    answered: 'с ответом',
    failed: 'с ошибкой',
    starting: 'запускается',
    ended: 'завершилась ошибкой',
    seconds: 'секунды от начала',
    failedBelow: 'с ответом ↑  с ошибкой ↓',
    nothing: 'Нет значений',
    notDrawn: (why) => `Не удалось построить график: ${why}`,
    lines: (x, y) => `График: ${y}; по горизонтали ${x}.`,
    series: (name, n, low, high) => `${name}: ${plural(n, 'значение', 'значения', 'значений')} от ${low} до ${high}.`,
    timeline: (lanes, seconds, bars) =>
      `Ход событий за ${seconds} с, дорожки ${lanes}, ${plural(bars, 'полоса', 'полосы', 'полос')}.`,
    requests: (ok, failed) => `${plural(ok, 'запрос', 'запроса', 'запросов')} с ответом, ${number(failed)} с ошибкой.`,
  },
  says: {
    title: (title, verdict) => `${title}: ${verdict.toLowerCase()} - отчёт Labbook`,
    footer: 'Составлено программой Labbook по журналу этого запуска, events.jsonl.',
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
    interrupted: 'Запуск закончился раньше, чем его плейбук; здесь то, что было сделано до этого',
    check: 'Режим проверки: ничего не менялось; изменённым названо то, что изменил бы запуск',
    notReached: (names) => `Недоступны: ${names}`,
    failedOn: (names) => `Ошибки на: ${names}`,
    findings: (hold, fail, unknown) =>
      `Верно ${hold} из ${plural(hold + fail + unknown, 'утверждения', 'утверждений', 'утверждений')}` +
      (fail > 0 ? `, неверно ${fail}` : '') +
      (unknown > 0 ? `, неизвестно ${unknown}` : ''),
    asked: (answered, all) => `Ответ найден на ${answered} из ${plural(all, 'вопроса', 'вопросов', 'вопросов')}`,
    toChange: (n) => `Предстоит ${plural(n, 'изменение', 'изменения', 'изменений')}`,
    changed: (n) => `${plural(n, 'задача что-то изменила', 'задачи что-то изменили', 'задач что-то изменили')}`,
    notRecorded: 'не записано',
    moreHosts: (n) => `Ещё ${hosts(n)}, без ошибок, в `,
    moreHostsIn: (n) => `Ещё ${hosts(n)} в `,
    moreExhibits: (n) => `Ещё ${plural(n, 'наблюдение', 'наблюдения', 'наблюдений')} в `,
    more: (n) => `Ещё ${number(n)} в `,
    onlyCounted: (results, counted) =>
      `В журнале ${plural(results, 'результат', 'результата', 'результатов')}; ${number(counted)} из них здесь только сосчитаны. Все они в `,
    calm: (n) => `${plural(n, 'задача', 'задачи', 'задач')} без изменений`,
    long: (n, stream) => `${bytes(n)} ${stream}; начало и конец в `,
    allOf: ', целиком в ',
    taken: (host, when) => `Снято на ${host}, ${when}`,
    dataElsewhere: (name) => `${name} (здесь не сохранено; есть в events.jsonl)`,
    linesLeftOut: (n, whole) =>
      `${plural(n, 'строка пропущена', 'строки пропущены', 'строк пропущено')}; все они в ${whole}`,
    partLeftOut: (whole) => `часть здесь пропущена; целиком в ${whole}`,
    diffTooLarge: 'слишком велико, чтобы показать здесь; оба текста в events.jsonl',
    diffMore: (n) => `ещё ${plural(n, 'строка', 'строки', 'строк')}; оба текста в events.jsonl`,
    terminal: (host, command, exitCode, lines, took) =>
      `Терминал ${host}. Команда: ${command}. Код завершения ${exitCode}, ${plural(lines, 'строка', 'строки', 'строк')} вывода, длительность ${took}.`,
    times: (held, of) =>
      of === 0 ? 'ни разу не удалось узнать' : `верно ${held} из ${plural(of, 'раза', 'раз', 'раз')}`,
    yesTimes: (yes, of) =>
      of === 0 ? 'ни разу не удалось узнать' : `да ${yes} из ${plural(of, 'раза', 'раз', 'раз')}`,
    atLeast: (percent) => `95 %-й интервал: не менее ${percent} %`,
    atMost: (percent) => `95 %-й интервал: не более ${percent} %`,
    between: (low, high) => `95 %-й интервал: от ${low} до ${high} %`,
    untold: (n) => `${n} раз узнать не удалось`,
    measured: (name, median, low, high, n) => `${name}: медиана ${median}, от ${low} до ${high} (n = ${n})`,
    appendix: 'Что меняло машины и что показано как доказательство, в порядке завершения.',
    looks: (n) => `Не показаны проверки, которые ничего не меняли (${number(n)}); они в `,
    moreCommands: (n) => `Ещё ${plural(n, 'команда', 'команды', 'команд')} в `,
  },
}
