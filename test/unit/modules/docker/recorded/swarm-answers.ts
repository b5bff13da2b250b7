/** Answers of a Docker 20.10 engine in the states a Swarm node can be in, cut to what is read and what surrounds it. */
export const info = (swarm: object): object => ({
  ID: 'LXSA:NNKJ:5PEF:ZMJ2:QBJL:QHOC:L4QW:VMRY:3S5T:PYD6:IDDA:4UJN',
  Containers: 0,
  Images: 0,
  Driver: 'overlay2',
  DockerRootDir: '/var/lib/docker',
  ServerVersion: '20.10.24+dfsg1',
  Name: 'node1',
  Swarm: {
    NodeID: '',
    NodeAddr: '',
    LocalNodeState: 'inactive',
    ControlAvailable: false,
    Error: '',
    RemoteManagers: null,
    ...swarm,
  },
  Warnings: null,
})

export const MANAGER = {
  NodeID: 'qiw5ic24ln7tjlzqn85l3thwm',
  NodeAddr: '10.77.0.11',
  LocalNodeState: 'active',
  ControlAvailable: true,
  Error: '',
  RemoteManagers: [{ NodeID: 'qiw5ic24ln7tjlzqn85l3thwm', Addr: '10.77.0.11:2377' }],
  Nodes: 2,
  Managers: 1,
  Cluster: { ID: 'p0m2e8ugdq8pv5wbf1v7ksjdy', Version: { Index: 10 } },
}

export const WORKER = {
  NodeID: 'v4txh2k3ezw1fw7pgqbvb4d8n',
  NodeAddr: '10.77.0.12',
  LocalNodeState: 'active',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: [{ NodeID: 'qiw5ic24ln7tjlzqn85l3thwm', Addr: '10.77.0.11:2377' }],
}

/** The SHA-256 of a root certificate, and a token of its Swarm. */
export const CA = '5d6a8d17ed1f3a4c5b2e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4'
export const CA_IN_TOKEN = BigInt(`0x${CA}`).toString(36).padStart(50, '0')
export const TOKENS = {
  Worker: `SWMTKN-1-${CA_IN_TOKEN}-1awxwuwd3z9j1z3puu7rcgdbx`,
  Manager: `SWMTKN-1-${CA_IN_TOKEN}-7p73s1dx5in4tatdymyhg9hu2`,
}

export const SWARM = {
  ID: 'p0m2e8ugdq8pv5wbf1v7ksjdy',
  Version: { Index: 10 },
  CreatedAt: '2024-05-01T10:00:00.1Z',
  UpdatedAt: '2024-05-01T10:00:00.6Z',
  Spec: { Name: 'default', Labels: {}, Orchestration: { TaskHistoryRetentionLimit: 5 } },
  RootRotationInProgress: false,
  JoinTokens: TOKENS,
}

export const NOT_A_MANAGER = {
  message:
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
}

export const node = (
  id: string,
  hostname: string,
  more: {
    role?: string
    availability?: string
    labels?: Record<string, string>
    state?: string
    addr?: string
    created?: string
  } = {},
): object => ({
  ID: id,
  Version: { Index: 9 },
  CreatedAt: more.created ?? '2024-05-01T10:00:00.123456789Z',
  UpdatedAt: '2024-05-01T10:00:01Z',
  Spec: { Labels: more.labels ?? {}, Role: more.role ?? 'worker', Availability: more.availability ?? 'active' },
  Description: {
    Hostname: hostname,
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: { NanoCPUs: 2000000000, MemoryBytes: 8340000000 },
  },
  Status: { State: more.state ?? 'ready', Addr: more.addr ?? '10.77.0.12' },
})

/** Output of curl for responses, as the probes request it. */
export const printed = (...answers: (readonly [status: number, body: unknown])[]): string =>
  answers.map(([status, body]) => `${JSON.stringify(body)}\n\n${status}\n`).join('')
