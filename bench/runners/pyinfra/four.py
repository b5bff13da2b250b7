from os import path

from pyinfra.operations import files, server

MATERIAL = path.join(path.dirname(path.abspath(__file__)), '../../material')

files.directory(path='/srv/four', mode='755', user='root', group='root')
files.put(src=f'{MATERIAL}/files/limits.conf', dest='/srv/four/limits.conf', mode='644', user='root', group='root')
files.line(path='/etc/environment', line='^APP_ENV=production$', replace='APP_ENV=production')
server.user(user='erin', uid=2505, home='/home/erin', shell='/bin/bash', create_home=True, ensure_home=False)
