/** Texts of the experiments with any stack in Russian. */
export const RUSSIAN_PROVE = {
  // Inspection.
  'Every service runs all its tasks, and every entry point answers. Otherwise nothing is disturbed.':
    'У каждого сервиса работают все задачи, и каждая точка входа отвечает. Иначе ничего не нарушается.',
  'Every service runs its desired number of tasks': 'У каждого сервиса работает желаемое число задач',
  'Every entry point answers': 'Каждая точка входа отвечает',
  '{n|service|services} run after {seconds} s': '{n|сервис|сервиса|сервисов} в желаемом состоянии через {seconds} с',
  'stack "{stack}" has no services: deploy it with -e file=compose.yaml, or correct its name':
    'в стеке "{stack}" нет сервисов: разверните его с -e file=compose.yaml или исправьте имя',
  '{n|address|addresses} answer': 'отвечающих адресов: {n}',
  '{failing}. If the probe is wrong, set x-labbook (docs/prove.md)':
    '{failing}. Если проверка неверна, задайте x-labbook (docs/prove.md)',
  'Services of the stack': 'Сервисы стека',
  'Nodes of the Swarm': 'Узлы Swarm',
  'What is watched': 'За чем ведётся наблюдение',

  // Requests and the steady state.
  'no requests': 'запросов не было',
  '{failed} of {sent} requests failed': 'ошибок запросов: {failed} из {sent}',
  '{failed} of {sent} requests failed, longest outage {outage} s at {probe}':
    'ошибок запросов: {failed} из {sent}, самый долгий перерыв {outage} с на {probe}',
  '{requests} (tolerated: {limit} s)': '{requests} (допустимо: {limit} с)',
  'no endpoint returned the count': 'ни одна точка входа не вернула счётчик',
  'the stack did not converge (see exhibit "{exhibit}")':
    'стек не достиг желаемого состояния (см. материал "{exhibit}")',
  'entry points do not answer: {failing}': 'точки входа не отвечают: {failing}',
  'steady state not reached: {problem}': 'устойчивое состояние не достигнуто: {problem}',
  'not measured': 'не измерено',

  // Settings.
  'No service can take all memory of a node, and no data stays behind when a task moves.':
    'Ни один сервис не может занять всю память узла, и данные не остаются на узле, когда задача переносится.',
  'Containers of {name} have a memory limit': 'У контейнеров {name} есть предел памяти',
  'Data of {name} stays with its task: only one node can run it, or the volume is shared':
    'Данные {name} остаются со своей задачей: её может выполнять только один узел, или том общий',
  'Settings of {service}': 'Настройки {service}',
  limited: 'ограничена',
  'no limit': 'предела нет',
  'no limit; a container uses {used} MiB': 'предела нет; контейнер занимает {used} МиБ',
  'no node': 'ни один узел',
  'only {node} can run it': 'выполнять может только {node}',
  '{volume} is local to a node, and {nodes} nodes can run the task: on another node it starts without the data':
    'том {volume} есть только на одном узле, а выполнять задачу могут узлы ({nodes}): на другом она запустится ' +
    'без данных',

  // Containers that end or hang.
  'Swarm starts another task for a container that ends. Until then, other replicas answer.':
    'Вместо завершившегося контейнера Swarm запускает новую задачу. До этого отвечают другие реплики.',
  'Swarm replaces a killed container of {name}': 'Swarm заменяет завершённый контейнер {name}',
  'Entry points answer while a container of {name} is killed and replaced':
    'Точки входа отвечают, пока завершённый контейнер {name} заменяется',
  'Replacement of a killed container of {name} loses no acknowledged increment':
    'При замене завершённого контейнера {name} не теряется ни одно подтверждённое увеличение счётчика',
  'Timeline: a container of {service} is killed': 'Ход событий: контейнер {service} завершён',
  'Kill a container of {service}': 'Завершение контейнера {service}',
  'container of {service} on {node} killed': 'контейнер {service} на {node} завершён',
  'Tasks of {service} until the replacement': 'Задачи {service} до замены',
  'replaced after {time}': 'заменён через {time}',
  'not replaced after {time}': 'не заменён через {time}',
  'The health check of a container that hangs fails, and Swarm replaces it.':
    'Зависший контейнер не проходит проверку состояния, и Swarm его заменяет.',
  'Swarm replaces a container of {name} that hangs': 'Swarm заменяет зависший контейнер {name}',
  'Health check of {service}': 'Проверка состояния {service}',
  'Timeline: a container of {service} hangs': 'Ход событий: контейнер {service} завис',
  'Stop the processes of a container of {service}': 'Остановка процессов контейнера {service}',
  'container of {service} on {node} hangs': 'контейнер {service} на {node} завис',
  'Health of the container of {service}': 'Состояние контейнера {service}',
  'no health check: Swarm cannot notice that a container hangs':
    'проверки состояния нет: Swarm не может заметить зависание контейнера',
  'replaced after {time}; {requests}': 'заменён через {time}; {requests}',
  'still running after {time}: the health check succeeds while the processes are stopped; {requests}':
    'работает и через {time}: проверка состояния проходит, хотя процессы остановлены; {requests}',

  // Scaling.
  'Swarm starts and stops tasks until the desired number runs. A stopping task finishes its requests first.':
    'Swarm запускает и останавливает задачи, пока не заработает желаемое число. Останавливаемая задача сначала ' +
    'завершает свои запросы.',
  'One more replica of {name} starts': 'Ещё одна реплика {name} запускается',
  'Scaling {name} up and down fails no request':
    'Увеличение и уменьшение числа реплик {name} не вызывает ошибок запросов',
  'Timeline: {service} with {more} and {replicas} replicas': 'Ход событий: {service}, реплик {more} и {replicas}',
  'Scale {service} to {replicas}': 'Масштабирование {service} до {replicas}',
  'scale {service} to {replicas}': 'масштабирование {service} до {replicas}',
  'Tasks of {service} until {replicas} run': 'Задачи {service}, пока не заработают {replicas}',
  '{more} instead of {replicas} replicas ran after {time}': 'реплик стало {more} вместо {replicas} через {time}',
  '{more} replicas did not run within {time}{why}': 'число реплик {more} не достигнуто за {time}{why}',

  // Updates.
  'A new task is healthy before an old one stops, and the old one finishes its requests first.':
    'Новая задача исправна до остановки старой, а старая сначала завершает свои запросы.',
  'Rolling update of {name} completes': 'Постепенное обновление {name} завершается',
  'Rolling update of {name} fails no request': 'Постепенное обновление {name} не вызывает ошибок запросов',
  'Rolling update of {name} keeps the entry points available':
    'При постепенном обновлении {name} точки входа остаются доступны',
  'Rollback of {name} fails no request': 'Откат {name} не вызывает ошибок запросов',
  'Rollback of {name} keeps the entry points available': 'При откате {name} точки входа остаются доступны',
  'Update and rollback of {name} loses no acknowledged increment':
    'При обновлении и откате {name} не теряется ни одно подтверждённое увеличение счётчика',
  'Containers of {name} stop within their grace period':
    'Контейнеры {name} останавливаются за отведённое время (stop_grace_period)',
  'Timeline: {service} is updated and rolled back': 'Ход событий: обновление и откат {service}',
  'Update that spreads the tasks of {service}': 'Обновление, которое распределяет задачи {service}',
  'Update of {service}': 'Обновление {service}',
  'Tasks of {service} during update': 'Задачи {service} во время обновления',
  'update: {state}': 'обновление: {state}',
  'Rollback of {service}': 'Откат {service}',
  'Tasks of {service} during rollback': 'Задачи {service} во время отката',
  'rollback: {state}': 'откат: {state}',
  'no update': 'обновления нет',
  'took {time}': 'заняло {time}',
  'not completed after {time}': 'не завершено через {time}',
  '{state} after {time}{why}': '{state} через {time}{why}',
  'the update replaced no task': 'обновление не заменило ни одной задачи',
  'Exit codes of replaced tasks of {service}': 'Коды завершения заменённых задач {service}',
  'Signals that {service} handles': 'Сигналы, которые обрабатывает {service}',
  '{killed} of {containers} containers were killed after {grace} s (exit code {code})':
    'принудительно завершены через {grace} с контейнеры: {killed} из {containers} (код завершения {code})',
  '{stopped} of {containers} containers stopped by themselves':
    'остановились сами контейнеры: {stopped} из {containers}',
  'not all old containers have stopped, or their exit codes are not known':
    'не все старые контейнеры остановились, или их коды завершения неизвестны',
  'The first new task fails within the monitor period; Swarm rolls the update back, and the old tasks answer.':
    'Первая новая задача завершается с ошибкой за время наблюдения; Swarm откатывает обновление, и отвечают ' +
    'старые задачи.',
  'Swarm rolls back an update of {name} to a broken version':
    'Swarm откатывает обновление {name} до неработающей версии',
  'Update of {name} to a broken version fails no request':
    'Обновление {name} до неработающей версии не вызывает ошибок запросов',
  'Update of {name} to a broken version keeps the entry points available':
    'При обновлении {name} до неработающей версии точки входа остаются доступны',
  'Timeline: {service} is updated to a broken version': 'Ход событий: обновление {service} до неработающей версии',
  'Forced update of {service}': 'Принудительное обновление {service}',
  'Tasks of {service} during forced update': 'Задачи {service} во время принудительного обновления',
  'forced update: {state}': 'принудительное обновление: {state}',
  'Update state of {service}': 'Состояние обновления {service}',
  'Tasks of {service} with two in one slot': 'Задачи {service}, две из них в одном слоте',
  'Broken update of {service}': 'Неудачное обновление {service}',
  'broken update': 'неудачное обновление',
  'broken update: {state}': 'неудачное обновление: {state}',
  'Tasks of {service} during broken update': 'Задачи {service} во время неудачного обновления',

  // Dependencies.
  'Services that use it fail requests meanwhile, and work again once it is back, without help.':
    'Сервисы, которые его используют, в это время отвечают ошибками, а после его возврата снова работают без помощи.',
  'The stack recovers by itself after {name} was away': 'Стек восстанавливается сам после отсутствия {name}',
  'Timeline: {service} is away': 'Ход событий: {service} отсутствует',
  'Scale {service} to 0': 'Масштабирование {service} до 0',
  'Scale {service} back': 'Восстановление числа реплик {service}',
  '{service} scaled to 0': 'у {service} 0 реплик',
  '{service} scaled to {replicas}': 'у {service} реплик: {replicas}',
  recovered: 'восстановлен',
  'not recovered': 'не восстановлен',
  'recovered {time} after it was back': 'восстановлен через {time} после возврата',
  '{outcome}; used by {services}; {requests}': '{outcome}; используется сервисами: {services}; {requests}',

  // Nodes.
  'Swarm stops the tasks of a drained node and starts them on other nodes.':
    'Swarm останавливает задачи узла в режиме drain и запускает их на других узлах.',
  'Managers mark the node Down and start its tasks on other nodes. Entry points on other nodes answer.':
    'Узлы-менеджеры отмечают узел как Down и запускают его задачи на других узлах. Точки входа на других узлах ' +
    'отвечают.',
  'The daemon stops its containers, and managers start their tasks on other nodes.':
    'Демон останавливает свои контейнеры, и узлы-менеджеры запускают их задачи на других узлах.',
  'Nodes that have an image start its tasks without the registry.':
    'Узлы, на которых образ уже есть, запускают его задачи без реестра.',
  'Entry points answer, more slowly.': 'Точки входа отвечают, но медленнее.',
  'Running containers answer; the entry points on other nodes do not notice it.':
    'Работающие контейнеры отвечают; на точках входа других узлов это не заметно.',
  'Neither the Swarm nor the services depend on equal clocks.': 'Ни Swarm, ни сервисы не зависят от совпадения часов.',
  'Tasks of {name} run on other nodes': 'Задачи {name} работают на других узлах',
  'Tasks of {name} start on other nodes without the registry': 'Задачи {name} запускаются на других узлах без реестра',
  'Entry points on other nodes answer meanwhile': 'Точки входа на других узлах в это время отвечают',
  'The stack recovers by itself afterwards': 'После этого стек восстанавливается сам',
  '{node} is drained': '{node} в режиме drain',
  'the network of {node} is slow': 'сеть {node} замедлена',
  "the file system of Docker's data on {node} is full": 'файловая система с данными Docker на {node} заполнена',
  'the clock of {node} is one hour ahead': 'часы {node} спешат на час',
  '{description} without the registry': '{description}, реестр недоступен',
  'Reject connections to the registry on {host}': 'Отказ в соединениях с реестром на {host}',
  'Tasks until all run without {node}': 'Задачи, пока все не заработают без {node}',
  'tasks run on other nodes': 'задачи работают на других узлах',
  'tasks do not run on other nodes': 'задачи не работают на других узлах',
  'fault ends': 'сбой заканчивается',
  'recovered after {time}': 'восстановлен через {time}',
  'no task of {service} ran on {node} before': 'до этого на {node} не было ни одной задачи {service}',
  '{count} of {replicas} tasks run on other nodes after {time}{why}':
    'задач на других узлах: {count} из {replicas} через {time}{why}',

  // Suggestions.
  'Suggested changes': 'Предлагаемые изменения',
  'Findings before and after the changes': 'Результаты до и после изменений',
} as const
