/** Texts of the registry in Russian. */
export const RUSSIAN_REGISTRY = {
  "The certificate verifies against the lab's CA for each name and address":
    'Сертификат проверяется по корневому сертификату лаборатории для каждого имени и адреса',
  'The registry refuses plain HTTP': 'Реестр отклоняет HTTP без шифрования',
  'The registry refuses anonymous clients': 'Реестр отклоняет анонимных клиентов',
  'The registry accepts a correct password': 'Реестр принимает верный пароль',
  'The registry refuses a wrong password': 'Реестр отклоняет неверный пароль',
  'Push over HTTPS succeeds': 'Отправка образа (push) по HTTPS выполняется',
  'The registry refuses a pull without login': 'Реестр отклоняет загрузку образа (pull) без входа',
  'A node without the image pulls it with an identical digest': 'Узел без образа загружает его с тем же дайджестом',
  'A client without the CA certificate rejects the registry': 'Клиент без корневого сертификата отклоняет реестр',
  'the certificate covers {names}': 'сертификат действует для {names}',
  'the certificate does not cover {missing}': 'сертификат не действует для {missing}',
  'curl exited with {exitCode}; 60 means "certificate cannot be verified"':
    'код завершения curl: {exitCode}; 60 значит "сертификат нельзя проверить"',
  'no response': 'нет ответа',
  'no WWW-Authenticate header': 'нет заголовка WWW-Authenticate',
  '401, WWW-Authenticate: {challenge}': '401, WWW-Authenticate: {challenge}',
  'docker login exited with {exitCode}': 'код завершения docker login: {exitCode}',
  'docker login exited with {exitCode}: {message}': 'код завершения docker login: {exitCode}: {message}',
  'docker push printed no digest': 'docker push не вывел дайджест',
  'no other host with Docker': 'нет другого узла с Docker',
  'the push failed': 'отправка образа не удалась',
  'docker pull exited with {exitCode}: {message}': 'код завершения docker pull: {exitCode}: {message}',
  '{node} has {digest}...': 'на {node} есть {digest}...',
  'Pushed images are stored in a directory of the host': 'Отправленные образы хранятся в каталоге узла',
  'A recreated registry container serves identical images': 'Пересозданный контейнер реестра отдаёт те же образы',
  'manifest {digest}... is stored in {blob}': 'манифест {digest}... хранится в {blob}',
  '{tags} tags {identical}; the registry responded after {seconds} s':
    'тегов: {tags}, {identical}; реестр ответил через {seconds} с',
  'with identical digests': 'дайджесты те же',
  'after recreation, not identical': 'после пересоздания не те же',
} as const
