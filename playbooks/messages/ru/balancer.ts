/** Texts of the balancer's network, and of its comparison with the routing mesh, in Russian. */
export const RUSSIAN_BALANCER = {
  'The routing mesh forwards connections: a port belongs to one service, a connection to one replica. A load balancer reads requests: it chooses the app by path, and a replica for each request.':
    'Routing mesh пересылает соединения: порт принадлежит одному сервису, соединение - одной реплике. Балансировщик читает запросы: приложение он выбирает по пути, а реплику - для каждого запроса.',
  'The routing mesh publishes one service per port, the balancer two apps on one':
    'Routing mesh публикует на порту один сервис, балансировщик - два приложения',
  'Requests of one connection reach one replica through the routing mesh, and several through the balancer':
    'Запросы одного соединения через routing mesh попадают на одну реплику, а через балансировщик на несколько',
  'second service: {answer}; balancer, one port: {paths}': 'второй сервис: {answer}; балансировщик, один порт: {paths}',
  '{reason}; through the balancer {reached} of {replicas} replicas answered':
    '{reason}; через балансировщик ответили реплики: {reached} из {replicas}',
  'of {replicas} replicas, {meshed} answered through the routing mesh and {balanced} through the balancer; failed requests: {failed}':
    'реплик всего {replicas}, ответили через routing mesh: {meshed}, через балансировщик: {balanced}; ошибок запросов: {failed}',
  'Tasks of the balancer stack': 'Задачи стека балансировщика',
  'Network of the load balancer': 'Сеть балансировщика нагрузки',
  clients: 'клиенты',
  'any node': 'любой узел',
  'port {port}, not published': 'порт {port}, не опубликован',
  'a load balancer on a port of each node': 'балансировщик на порту каждого узла',
  'overlay network: apps': 'оверлейная сеть: приложения',
  'overlay network: database': 'оверлейная сеть: база данных',
  'Publish a service through the routing mesh': 'Публикация сервиса через routing mesh',
  'Publish a second service on the same port': 'Публикация второго сервиса на том же порту',
  'Publish all replicas through the routing mesh': 'Публикация всех реплик через routing mesh',
  'One request to each app through the balancer': 'По запросу к каждому приложению через балансировщик',
  'One connection through the balancer': 'Одно соединение через балансировщик',
  'One connection through the routing mesh': 'Одно соединение через routing mesh',
} as const
