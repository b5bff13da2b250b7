/** Why an experiment could not be completed, in Russian. */
export const RUSSIAN_ERRORS = {
  'Service "counter-public" has no external address: set -e app_host=... -e app_port=... (minikube: run "minikube tunnel"; k3d: use the mapped port)':
    'у Service "counter-public" нет внешнего адреса: задайте -e app_host=... -e app_port=... (minikube: запустите ' +
    '"minikube tunnel"; k3d: используйте проброшенный порт)',
  'cannot create the Redis Cluster of stack "{stack}" (see exhibit "{exhibit}")':
    'не удалось создать Redis Cluster стека "{stack}" (см. материал "{exhibit}")',
  'cannot deploy stack "{stack}" (see exhibit "{exhibit}")':
    'не удалось развернуть стек "{stack}" (см. материал "{exhibit}")',
  'cannot deploy the stack (see exhibit "{exhibit}")': 'не удалось развернуть стек (см. материал "{exhibit}")',
  'cannot inject fault: {description} (see exhibit "{exhibit}")':
    'не удалось внести сбой: {description} (см. материал "{exhibit}")',
  'cannot kill Redis: {stderr}': 'не удалось завершить Redis: {stderr}',
  'cannot recover {node} (exit code {exitCode}): {output}':
    'не удалось восстановить {node} (код возврата {exitCode}): {output}',
  'cannot reject connections to the registry on {host} (see exhibit "{exhibit}")':
    'не удалось запретить соединения с реестром на {host} (см. материал "{exhibit}")',
  'cannot scale {service} to {replicas}: {stderr}': 'не удалось масштабировать {service} до {replicas}: {stderr}',
  'cannot scale {side} to {replicas} replicas: {stderr}':
    'не удалось изменить число реплик ({side}) на {replicas}: {stderr}',
  'cannot start: {what} of {service} (see exhibit "{exhibit}")':
    'не удалось начать: {what} {service} (см. материал "{exhibit}")',
  'cannot update {service}: {stderr}': 'не удалось обновить {service}: {stderr}',
  'check that metrics-server runs': 'проверьте, что metrics-server работает',
  'every active worker runs a task of a stateful service ({tasks}): pin them to one node, or name them with -e services=...':
    'на каждом активном рабочем узле есть задача сервиса с состоянием ({tasks}): закрепите их за одним узлом или ' +
    'укажите их в -e services=...',
  '{name} on {at}': '{name} на {at}',
  'found no running replica of {path}': 'нет работающей реплики {path}',
  'no cluster node serves slot {slot}': 'ни один узел Redis Cluster не обслуживает слот {slot}',
  'no pod of the app is ready to be killed': 'нет готового пода приложения, который можно завершить',
  'no replica runs on {host}': 'на {host} нет работающей реплики',
  'no task of {service} runs on a node of the inventory': 'на узлах инвентаря нет работающей задачи {service}',
  'no worker is Ready and Active: this experiment disturbs a node that is not a manager':
    'нет рабочего узла в состоянии Ready и Active: эксперимент нарушает работу узла, который не менеджер',
  'replicas still respond {within} s after scaling to zero': 'реплики отвечают и через {within} с после остановки всех',
  'stack "{stack}" ({topology}) not healthy within {within} s: {reason}':
    'стек "{stack}" ({topology}) не стал исправным за {within} с: {reason}',
  'stack "{stack}" did not converge within {within} s (see exhibit "{exhibit}")':
    'стек "{stack}" не достиг желаемого состояния за {within} с (см. материал "{exhibit}")',
  'stack "{stack}" is not deployed: run npx zx playbooks/app.mjs':
    'стек "{stack}" не развёрнут: запустите npx zx playbooks/app.mjs',
  'steady state not reached: fewer or more than {wanted} ready pods (see the exhibit "{exhibit}"): deploy the app first':
    'устойчивое состояние не достигнуто: готовых подов не {wanted} (см. материал "{exhibit}"): сначала разверните ' +
    'приложение',
  'steady state not reached: not every endpoint responds: {why}':
    'устойчивое состояние не достигнуто: отвечают не все точки входа: {why}',
  'steady state not reached: not every node is Ready and Active (see exhibit "{exhibit}")':
    'устойчивое состояние не достигнуто: не все узлы в состоянии Ready и Active (см. материал "{exhibit}")',
  'steady state not reached: not every node is ready and schedulable (see the exhibit "{exhibit}")':
    'устойчивое состояние не достигнуто: не все узлы готовы и принимают поды (см. материал "{exhibit}")',
  'steady state not reached: the app does not answer through every node ({error})':
    'устойчивое состояние не достигнуто: приложение отвечает не через каждый узел ({error})',
  'the Redis master runs on the manager {node}, which must observe its loss':
    'Redis master работает на узле-менеджере {node}, который должен наблюдать его потерю',
  'the Redis master stays on the manager {node}, which must observe its loss':
    'Redis master остаётся на узле-менеджере {node}, который должен наблюдать его потерю',
  'the app is not deployed or not healthy: run npx zx playbooks/k3s.mjs':
    'приложение не развёрнуто или неисправно: запустите npx zx playbooks/k3s.mjs',
  'the autoscaler has no metrics: {why}': 'у HorizontalPodAutoscaler нет метрик: {why}',
  'the experiment needs two ready pods of the app': 'для эксперимента нужны два готовых пода приложения',
  'the registry has no image "{image}": run playbooks/registry.mjs first':
    'в реестре нет образа "{image}": сначала запустите playbooks/registry.mjs',
  'the registry password is missing on this machine: run playbooks/registry.mjs':
    'на этой машине нет пароля реестра: запустите playbooks/registry.mjs',
  'the stack did not converge within {within} s: see the exhibit "Balancer stack convergence"':
    'стек не достиг желаемого состояния за {within} с: см. материал "Достижение желаемого состояния стека ' +
    'балансировщика"',
  'the stack did not converge within {within} s: see the exhibit "Stack convergence"':
    'стек не достиг желаемого состояния за {within} с: см. материал "Достижение желаемого состояния стека"',
  'metrics-server is disabled (k3s_disable)': 'metrics-server отключён (k3s_disable)',
  'traefik is disabled (k3s_disable)': 'traefik отключён (k3s_disable)',
  'servicelb is disabled (k3s_disable), so no node opens the port of the Ingress':
    'servicelb отключён (k3s_disable), поэтому ни один узел не открывает порт Ingress',
  'port {port} of {host} is not forwarded to this machine': 'порт {port} узла {host} не проброшен на эту машину',
  'the cluster has no IngressClass "{name}" (ingress_class)': 'в кластере нет IngressClass "{name}" (ingress_class)',
  'the Ingress has no address that this machine could reach': 'у Ingress нет адреса, доступного этой машине',
  'the update of {service} is not over (see exhibit "{exhibit}")':
    'обновление {service} не завершилось (см. материал "{exhibit}")',
  'there is no pod "redis-0" to delete': 'нет пода "redis-0", который можно удалить',
  '{distinct} of {replicas} running replicas respond ({failed} requests failed)':
    'отвечают работающие реплики: {distinct} из {replicas} (ошибок запросов: {failed})',
  '{host} is not a worker after its demotion (see exhibit "{exhibit}"): its daemon is not restarted':
    'узел {host} после понижения не стал рабочим (см. материал "{exhibit}"): его демон не перезапущен',
  '{n} servers report the role master, expected 1': 'роль master у серверов: {n}, ожидался 1',
  '{replicas} replicas did not respond within {within} s ({failed} requests failed in the last attempt)':
    'реплики ({replicas}) не ответили за {within} с (ошибок запросов в последней попытке: {failed})',
  '{service} did not reach {replicas} within {within} s': '{service}: число {replicas} не достигнуто за {within} с',
  '{service} did not reach {replicas} within {within} s: see the exhibit "{exhibit}"':
    '{service}: число {replicas} не достигнуто за {within} с: см. материал "{exhibit}"',
  '{service} differs from the inventory ({replicas}, at most {mostOnNode} per node, {cores} cores each): run npx zx playbooks/app.mjs':
    '{service} отличается от инвентаря ({replicas}, на узле не более {mostOnNode}, ядер на каждую: {cores}): ' +
    'запустите npx zx playbooks/app.mjs',
  '{wanted} replicas did not start again (see exhibit "{exhibit}")':
    'реплики ({wanted}) не запустились снова (см. материал "{exhibit}")',
} as const
