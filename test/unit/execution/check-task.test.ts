import t from 'tap'
import { apt, file } from '../../../src/labbook.ts'
import { checkTask } from '../../../src/execution/check-task.ts'

t.test('equal tasks of several hosts are validated once', async (t) => {
  const first = checkTask(file('make it', { path: '/srv', state: 'directory' }))
  const task = file('make it', { path: '/srv', state: 'directory' })
  const second = checkTask(task, first)
  t.equal(second.parsed, first.parsed)
  t.equal(second.task, task, 'the task is that of its host')
})

t.test('tasks that differ are validated on their own', async (t) => {
  const first = checkTask(file({ path: '/srv', state: 'directory' }))
  const pathOf = (task: ReturnType<typeof file>): unknown => {
    const { parsed, title } = checkTask(task, first)
    t.match(title, /^file : /)
    return (parsed.data as { path: string }).path
  }
  t.equal(pathOf(file({ path: '/opt', state: 'directory' })), '/opt', 'another value')
  t.equal(pathOf(file({ path: '/srv' })), '/srv', 'a parameter less')
  t.equal(pathOf(file({ path: '/srv', mode: '0700' })), '/srv', 'another parameter')
  t.equal(checkTask(file('named', { path: '/srv', state: 'directory' }), first).title, 'named', 'another title')
  const install = (name: string) => apt({ name: [name] })
  const htop = checkTask(install('htop'))
  t.strictNotSame(checkTask(install('jq'), htop).parsed, htop.parsed, 'a list with another item')
})
