from pyinfra.operations import server

for number in range(100):
    server.shell(commands=[f'/bin/echo {number}'])
