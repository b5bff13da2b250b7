import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { labOf, type LabInventory } from '../../../src/lab/lab.ts'
import { vagrantfileOf } from '../../../src/lab/vagrantfile.ts'

const inventory = (vars: Record<string, Record<string, unknown>>): LabInventory => ({
  groups: { all: Object.keys(vars) },
  hostvars: (host) => vars[host] ?? {},
})

t.test('Vagrantfile is valid Ruby and matches the inventory', async (t) => {
  const lab = labOf(
    inventory({
      node1: {
        lab_provider: 'qemu',
        lab_memory: '2G',
        lab_cpus: 2,
        lab_disk: '20G',
        lab_data_disk: '5G',
        lab_publish: [8080],
      },
      node2: { lab_provider: 'qemu' },
    }),
  )
  if (lab === undefined) throw new Error('there is a lab')
  const text = vagrantfileOf({ ...lab, dir: "/srv/o'neil" }, 'trixie', 'npx zx playbooks/lab.mjs vagrantfile')
  const file = `${t.testdir()}/Vagrantfile`
  writeFileSync(file, text)
  const checked = spawnSync('ruby', ['-c', file], { encoding: 'utf8' })
  t.equal(checked.error, undefined, 'ruby is installed by test/run.sh')
  t.match(checked.stdout, 'Syntax OK', checked.stderr)
  // Evaluates the file with a stub of Vagrant that records every call.
  const stand = String.raw`
class Recorder
  def initialize(path, log) = (@path, @log = path, log)
  def method_missing(name, *args, **named, &block)
    if name.to_s.end_with?('=') then @log << "#{@path}.#{name.to_s.chomp('=')}=#{args[0]}"
    else
      shown = (args.map(&:to_s).reject { |each| each.include?("\n") } + named.reject { |key, _| %i[inline args].include?(key) }.map { |key, value| "#{key}:#{value}" }).join(',')
      @log << "#{@path}.#{name}(#{shown})" unless args.empty? && named.empty?
      inner = Recorder.new("#{@path}.#{name}#{args.empty? ? '' : "[#{args[0]}]"}", @log)
      block&.call(*([inner] * [block.arity.abs, 1].max))
      inner
    end
  end
  def respond_to_missing?(*) = true
end
module Vagrant
  def self.configure(_, &block) = (log = []; block.call(Recorder.new('config', log)); puts log)
end
File.singleton_class.class_eval { def exist?(_) = true; def read(_) = 'ssh-ed25519 AAAA' }
`
  const ran = spawnSync('ruby', ['-e', `${stand}\neval(STDIN.read)`], { input: text, encoding: 'utf8' })
  t.equal(ran.status, 0, ran.stderr)
  for (const line of [
    'config.vm.box=debian/trixie64',
    '.vm.hostname=node1',
    '.vm.network(private_network,ip:10.77.0.11)',
    '.vm.network(forwarded_port,guest:8080,host:22101,host_ip:127.0.0.1)',
    '.vm.provider[libvirt].memory=2048',
    '.vm.provider[libvirt].cpus=2',
    '.vm.provider[libvirt].machine_virtual_size=20',
    '.vm.provider[libvirt].storage(file,size:5120M)',
    '.vm.provider[virtualbox].memory=2048',
    '.vm.provider[virtualbox].name=labbook-node2',
    '.vm.disk(disk,size:20480MB,primary:true)',
    '.vm.network(private_network,ip:10.77.0.12)',
  ])
    t.match(ran.stdout, line, line)
})
