import { describe, expect, test } from 'tstyche'
import {
  apt,
  command,
  copy,
  docker_swarm,
  experiment,
  play,
  playbook,
  register,
  secret,
  stat,
  type Play,
  type Reference,
  type Register,
  type Task,
} from '../../src/labbook.ts'

/* Compiler errors that an author of playbooks gets. `npm run types`. */

describe('a task', () => {
  test('is made from parameters, or from a title and parameters', () => {
    expect(apt({ name: 'curl' })).type.toBe<Task>()
    expect(apt('Install curl', { name: ['curl'], state: 'present' })).type.toBe<Task>()
  })

  test('rejects a parameter that its module does not have, a value of another type, and a missing one', () => {
    expect(apt).type.not.toBeCallableWith({ nmae: 'curl' })
    expect(apt).type.not.toBeCallableWith({ name: 'curl', state: 'installed' })
    expect(copy).type.not.toBeCallableWith({ content: 'x' })
  })

  test('takes the keywords of every task with their types', () => {
    expect(apt).type.toBeCallableWith({ name: 'curl', when: true, notify: ['restart'], tags: 'a', become: false })
    expect(apt).type.not.toBeCallableWith({ name: 'curl', retries: '3' })
    expect(apt).type.not.toBeCallableWith({ name: 'curl', notify: 3 })
  })

  test('takes a reference or a secret where a value is expected', () => {
    const found = register<{ readonly exists: boolean }>('found')
    expect(copy).type.toBeCallableWith({ content: secret('k'), dest: '/srv/key' })
    expect(copy).type.toBeCallableWith({ content: found.map(({ exists }) => String(exists)), dest: '/srv/state' })
    expect(copy).type.not.toBeCallableWith({ content: 'x', dest: found.map(({ exists }) => exists) })
  })
})

describe('register', () => {
  test('types the result, also on another host', () => {
    const version = register<{ readonly stdout: string }>('version')
    expect(version).type.toBe<Register<{ readonly stdout: string }>>()
    expect(version.on('node1')).type.toBe<Reference<{ readonly stdout: string }>>()
    expect(version.map(({ stdout }) => stdout.length)).type.toBe<Reference<number>>()
  })

  test('accepts the values of its module alone', () => {
    expect(stat).type.not.toBeCallableWith({ path: '/x', register: register<{ readonly packages: Date }>('x') })
  })

  test('gives conditions the values of the task', () => {
    command({
      cmd: 'id',
      changed_when: ({ stdout, rc }) => {
        expect(stdout).type.toBe<string>()
        expect(rc).type.toBe<number>()
        return false
      },
    })
    expect(docker_swarm).type.toBeCallableWith({ state: 'present', failed_when: () => false })
  })
})

describe('a play', () => {
  test('is made from a list of tasks, nested and with gaps', () => {
    expect(play('Web', { hosts: 'web' }, () => [apt({ name: 'nginx' }), [false, undefined]])).type.toBe<Play>()
  })

  test('rejects an asynchronous function, a task in its place, and unknown options', () => {
    expect(play).type.not.toBeCallableWith('Web', { hosts: 'web' }, async () => [])
    expect(play).type.not.toBeCallableWith('Web', { hosts: 'web' }, () => apt({ name: 'nginx' }))
    expect(play).type.not.toBeCallableWith('Web', { host: 'web' }, () => [])
    expect(play).type.not.toBeCallableWith('Web', { hosts: 'web', serial: 'half' }, () => [])
  })
})

describe('an experiment', () => {
  test('says whom it disturbs', () => {
    expect(experiment).type.not.toBeCallableWith('Drain', { hosts: 'all', assertions: {} }, async () => {})
    expect(experiment).type.toBeCallableWith('Drain', { hosts: 'all', assertions: {}, disturbs: false }, async () => {})
  })
})

describe('a playbook', () => {
  test('needs steps', () => {
    expect(playbook).type.not.toBeCallableWith({ description: 'x' })
  })
})
