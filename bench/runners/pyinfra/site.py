"""The 25 tasks as pyinfra operations; what only looks is a fact, as pyinfra's authors mean it."""
from os import path

from pyinfra import host
from pyinfra.facts.files import File
from pyinfra.facts.server import Command
from pyinfra.operations import files, server

MATERIAL = path.join(path.dirname(path.abspath(__file__)), '../../material')

server.group(group='app', gid=2500)
for name, uid, shell in (
    ('alice', 2501, '/bin/bash'), ('bob', 2502, '/bin/bash'), ('carol', 2503, '/bin/bash'), ('dave', 2504, '/usr/sbin/nologin'),
):
    server.user(user=name, uid=uid, group='app', home=f'/home/{name}', shell=shell, create_home=True, ensure_home=False)
for name, mode, user, group in (
    ('/srv/app', '755', 'root', 'app'),
    ('/srv/app/config', '750', 'root', 'app'),
    ('/srv/app/logs', '770', 'alice', 'app'),
    ('/srv/app/releases', '755', 'root', 'root'),
):
    files.directory(path=name, mode=mode, user=user, group=group)
for name, mode, user, group in (
    ('server.conf', '640', 'root', 'app'),
    ('limits.conf', '644', 'root', 'root'),
    ('rotate.conf', '644', 'root', 'root'),
    ('jobs.cron', '600', 'alice', 'app'),
    ('words.list', '644', 'bob', 'app'),
):
    files.put(src=f'{MATERIAL}/files/{name}', dest=f'/srv/app/config/{name}', mode=mode, user=user, group=group)
for name, dest, mode, group in (
    ('app.ini.j2', '/srv/app/config/app.ini', '640', 'app'),
    ('peers.list.j2', '/srv/app/config/peers.list', '644', 'root'),
    ('banner.j2', '/etc/issue', '644', 'root'),
):
    files.template(
        src=f'{MATERIAL}/templates/{name}', dest=dest, mode=mode, user='root', group=group,
        inventory_hostname=host.name, ansible_host=host.data.ssh_hostname,
        # As Ansible sets Jinja2 up.
        jinja_env_kwargs={'trim_blocks': True},
        app_name=host.data.app_name, app_port=host.data.app_port, app_peers=host.data.app_peers,
    )
files.line(path='/etc/hosts', line='^127.0.0.1 app.internal$', replace='127.0.0.1 app.internal')
files.line(path='/etc/environment', line='^APP_ENV=production$', replace='APP_ENV=production')
files.line(path='/etc/security/limits.conf', line='^alice hard nofile 65536$', replace='alice hard nofile 65536')
files.line(path='/etc/login.defs', line='^UMASK.*$', replace='UMASK 027')
files.file(path='/etc/motd', present=False)
files.link(path='/srv/app/current', target='/srv/app/releases')
if not host.get_fact(File, path='/srv/app/releases/os-release'):
    server.shell(commands=['cp /usr/lib/os-release /srv/app/releases/os-release'])
host.get_fact(Command, command="df -P / | awk 'NR == 2 && $5 + 0 >= 95 { exit 1 }'")
