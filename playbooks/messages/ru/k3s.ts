/** Texts of Kubernetes, and of its comparison with Swarm, in Russian. */
export const RUSSIAN_K3S = {
  'Every node of the inventory is ready and schedulable in the cluster':
    'Все узлы инвентаря готовы и принимают поды в кластере',
  '{all} nodes of context "{context}" are ready': '{all} узлы контекста "{context}" готовы',
  '{all} {wanted} nodes of the inventory are ready': '{all} узлы инвентаря ({wanted}) готовы',
  all: 'все',
  'not all': 'не все',
  'Every requested pod of the app is ready': 'Все запрошенные поды приложения готовы',
  'All pods respond to requests from outside': 'Все поды отвечают на запросы извне',
  '{ready} of {wanted} pods of the app are ready, {allReady} of {all} in all':
    'готовы поды приложения: {ready} из {wanted}, всего {allReady} из {all}',
  '{names} of {wanted} pods responded; {errors} of {requests} requests through {targets} endpoints failed':
    'ответили поды: {names} из {wanted}; ошибок запросов через точки входа ({targets}): {errors} из {requests}',

  'The Ingress serves the app under its host name, and no other name':
    'Ingress отдаёт приложение по его имени и ни по какому другому',
  '{failed} of {total} requests for {host} failed; {others} of {total} for another name reached the app':
    'ошибок запросов к {host}: {failed} из {total}; запросов к другому имени дошло до приложения: {others} из {total}',

  // Pods.
  'The ReplicaSet creates a replacement at once, which receives requests when it is ready. Requests in progress on the killed pod fail, and so do requests routed to it until every node has removed its endpoint.':
    'ReplicaSet сразу создаёт замену, и она получает запросы, когда готова. Запросы, которые выполнял завершённый ' +
    'под, заканчиваются ошибкой, как и запросы к нему, пока каждый узел не удалил его endpoint.',
  'A killed pod is replaced automatically': 'Завершённый под заменяется автоматически',
  'replaced after {took}; {failed} of {sent} requests failed, {lost} acknowledged increments lost':
    'заменён через {took}; ошибок запросов: {failed} из {sent}, потеряно подтверждённых увеличений: {lost}',
  'The StatefulSet recreates the pod with the same name and volume. Redis writes acknowledged data within a second, so a graceful shutdown loses nothing. Until Redis is ready, the app responds with 503 or is removed from the Service.':
    'StatefulSet пересоздаёт под с тем же именем и томом. Redis записывает подтверждённые данные в течение ' +
    'секунды, поэтому при штатной остановке ничего не теряется. Пока Redis не готов, приложение отвечает 503 или ' +
    'исключено из Service.',
  'A recreated Redis pod has the same volume, and no acknowledged increment is lost':
    'У пересозданного пода Redis тот же том, и ни одно подтверждённое увеличение не потеряно',
  '{same}, Redis ready after {took}; {acknowledged} increments acknowledged, {added} counted, {lost} lost; {failed} of {sent} requests failed (longest outage {outage})':
    '{same}, Redis готов через {took}; увеличений подтверждено {acknowledged}, учтено {added}, потеряно {lost}; ' +
    'ошибок запросов: {failed} из {sent} (самый долгий перерыв {outage})',
  'same volume': 'том тот же',
  'not the same volume': 'том не тот же',

  // Updates.
  'A new pod is ready before an old one terminates, and the old one keeps serving until all nodes have removed its endpoint (preStop). So no request fails, neither in an update nor in a rollback.':
    'Новый под готов до завершения старого, а старый отвечает, пока все узлы не удалили его endpoint (preStop). ' +
    'Поэтому ни обновление, ни откат не вызывают ошибок.',
  'A rolling update replaces every pod, and no request fails':
    'Постепенное обновление заменяет все поды без ошибок запросов',
  'A manual rollback restores the previous release, and no request fails':
    'Ручной откат возвращает предыдущую версию без ошибок запросов',
  '{failed} of {sent} requests at {perSecond}/s failed; update took {took}, p95 {p95} ms':
    'ошибок запросов: {failed} из {sent} при {perSecond}/с; обновление за {took}, p95 {p95} мс',
  '{failed} of {sent} requests failed; rollback took {took}': 'ошибок запросов: {failed} из {sent}; откат за {took}',
  'The first new pod never becomes ready, so no old pod terminates and clients notice nothing. After progressDeadlineSeconds the update is marked as failed. Unlike Swarm, Kubernetes does not roll back automatically; "rollout undo" does.':
    'Первый новый под не становится готовым, поэтому старые поды не завершаются и клиенты ничего не замечают. ' +
    'Через progressDeadlineSeconds обновление отмечено как неудачное. В отличие от Swarm, Kubernetes сам не ' +
    'откатывает его; это делает "rollout undo".',
  'A failed update to a broken image and its rollback fail no request':
    'Неудачное обновление до неработающего образа и его откат не вызывают ошибок запросов',
  'A stalled update is marked as failed after its deadline':
    'Остановившееся обновление отмечается как неудачное по истечении срока',
  'Kubernetes does not roll back automatically': 'Kubernetes сам не откатывает обновление',
  'A manual rollback restores the previous image': 'Ручной откат возвращает предыдущий образ',
  '{failed} of {sent} requests at {perSecond}/s failed': 'ошибок запросов: {failed} из {sent} при {perSecond}/с',
  'marked as failed after {failedAfter}{podState}': 'отмечено как неудачное через {failedAfter}{podState}',
  '; state of the new pod: {why}': '; состояние нового пода: {why}',
  'image after the failure: {still}': 'образ после неудачи: {still}',
  'rolled back after {undoneAfter}': 'откат выполнен через {undoneAfter}',

  // Autoscaler.
  'Under load the pods use more than 70 % of their CPU request, so the autoscaler adds pods within about half a minute, up to ten. After the load it waits for the stabilization window of one minute, then removes them.':
    'Под нагрузкой поды используют больше 70 % запрошенного CPU, поэтому автомасштабирование примерно за ' +
    'полминуты добавляет поды, до десяти. После нагрузки оно ждёт окно стабилизации (одну минуту) и удаляет их.',
  'The autoscaler adds pods under load, and they become ready':
    'Под нагрузкой автомасштабирование добавляет поды, и они становятся готовы',
  'The autoscaler removes the pods after the load': 'После нагрузки автомасштабирование удаляет поды',
  'no pods added: {most} pods, CPU at most {highest} %': 'поды не добавлены: подов {most}, CPU не более {highest} %',
  'scaled from {first} to {most} pods, first new pod after {loadAt}, CPU at most {highest} %; {failures} of {requests} requests failed':
    'подов было {first}, стало {most}, первый новый под через {loadAt}, CPU не более {highest} %; ошибок ' +
    'запросов: {failures} из {requests}',
  'no pods removed: {least} pods {over} after the load': 'поды не удалены: подов {least} через {over} после нагрузки',
  'scaled in to {least} pods, first pod removed after {over}': 'подов осталось {least}, первый удалён через {over}',

  // Configuration.
  'A pod of the app has its settings as environment variables and the Redis password as a file. NetworkPolicies let it reach Redis, but not the Kubernetes API. Whether pods of the app reach each other depends on the network plugin: that of k3s lets them, on the port that all may reach.':
    'Под приложения получает настройки как переменные окружения, а пароль Redis - как файл. NetworkPolicy ' +
    'разрешает ему соединения с Redis, но не с API Kubernetes. Достижимы ли поды приложения друг для друга, ' +
    'зависит от сетевого плагина: в k3s - да, на общедоступном порту.',
  'A pod reaches only the endpoints that a NetworkPolicy allows':
    'Под соединяется только с теми, с кем разрешает NetworkPolicy',
  'A pod has the ConfigMap as environment variables, and the Secret only as a file':
    'ConfigMap доступен поду как переменные окружения, а Secret - только как файл',
  '{found} of {settings} settings are variables of the pod{missing}; the password file has mode {mode}, {variables} variables contain the password':
    'настроек в переменных пода: {found} из {settings}{missing}; права файла с паролем {mode}, переменных с ' +
    'паролем: {variables}',
  ', missing: {names}': ', нет: {names}',

  // Nodes.
  'Pods are evicted one by one, as the disruption budget allows, after their replacements are ready. Kubernetes does not move running pods: when the node is schedulable again, pods stay where they are until they are recreated.':
    'Поды вытесняются по одному, как разрешает disruption budget, когда их замены готовы. Работающие поды ' +
    'Kubernetes не переносит: когда узел снова принимает поды, они остаются на местах, пока их не пересоздали.',
  'A drained node runs no pods of the app, and all run on other nodes':
    'На узле после drain нет подов приложения, все они работают на других узлах',
  'Pods do not return to an uncordoned node automatically': 'Поды сами не возвращаются на узел после uncordon',
  'A restart of the Deployment schedules pods on the node again': 'Перезапуск Deployment снова размещает поды на узле',
  '{count} pods returned to {node} within {seconds} s': 'подов вернулось на {node} за {seconds} с: {count}',
  '{failed} of {sent} requests failed; {node} was empty after {empty}, all pods ran on other nodes after {emptyAt}':
    'ошибок запросов: {failed} из {sent}; {node} свободен через {empty}, все поды работали на других узлах через ' +
    '{emptyAt}',
  'pods by node: {pods}': 'поды по узлам: {pods}',
  'After 40 to 50 s without heartbeats the node is NotReady and its pods receive no more requests. They are evicted when their toleration expires (30 s here, 300 s by default), and replacements start on other nodes. Until NotReady, requests to these pods time out.':
    'Через 40-50 с без сигналов узел отмечен как NotReady, и его поды больше не получают запросов. Они ' +
    'вытесняются по истечении toleration (здесь 30 с, по умолчанию 300 с), а замены запускаются на других узлах. ' +
    'До состояния NotReady запросы к этим подам остаются без ответа.',
  'Pods of a node that is powered off are replaced on other nodes automatically':
    'Поды обесточенного узла автоматически заменяются на других узлах',
  'A node that is powered on again becomes Ready, and pods do not return to it automatically':
    'Снова включённый узел становится Ready, а поды сами на него не возвращаются',
  'NotReady after {downAfter}, all pods on other nodes after {replacedAfter}; {failed} of {sent} requests through the other nodes failed (longest outage {outage}); {lost} acknowledged increments lost':
    'NotReady через {downAfter}, все поды на других узлах через {replacedAfter}; ошибок запросов через другие ' +
    'узлы: {failed} из {sent} (самый долгий перерыв {outage}); потеряно подтверждённых увеличений: {lost}',
  'Ready {backAfter} after power on; {returned}': 'Ready через {backAfter} после включения; {returned}',

  // Comparison with Swarm.
  'Every compared metric is measured on both sides': 'Все сравниваемые показатели измерены с обеих сторон',
  '{measured} of {rows} metrics were measured on both sides{rest}':
    'с обеих сторон измерены показатели: {measured} из {rows}{rest}',
  '; the table has the reasons': '; причины указаны в таблице',
  '; k3s.mjs compare --measure measures all of them': '; k3s.mjs compare --measure измеряет все',
  'App, image, machines and load are the same: only the orchestrator and its load balancing differ.':
    'Приложение, образ, машины и нагрузка одинаковы: различаются только оркестратор и его балансировка.',
  'Performance and overhead of {orchestrator} are measured': 'Производительность и издержки {orchestrator} измерены',
  'image {image}; {failed} requests failed under load; CPU and memory known for {known} of {nodes} nodes':
    'образ {image}; ошибок запросов под нагрузкой: {failed}; CPU и память известны для узлов: {known} из {nodes}',
} as const
