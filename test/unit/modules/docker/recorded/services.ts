/** A service as Docker 20.10 lists it. */
export const service = (
  name: string,
  spec: { replicas?: number; image?: string; env?: string[]; force?: number } = {},
): object => ({
  ID: `id-of-${name}`,
  Version: { Index: 40 + (spec.force ?? 0) },
  CreatedAt: '2024-05-01T10:05:00Z',
  UpdatedAt: '2024-05-01T10:05:01Z',
  Spec: {
    Name: name,
    Labels: { 'com.docker.stack.image': spec.image ?? 'counter:1', 'com.docker.stack.namespace': name.split('_')[0] },
    TaskTemplate: {
      ContainerSpec: {
        Image: spec.image ?? 'counter:1',
        Env: spec.env ?? ['REDIS=redis'],
        Privileges: { CredentialSpec: null, SELinuxContext: null },
        Isolation: 'default',
      },
      Resources: { Limits: { NanoCPUs: 500000000 } },
      Placement: { Preferences: [{ Spread: { SpreadDescriptor: 'node.id' } }], MaxReplicas: 2 },
      Networks: [{ Target: 'nwcbtf5ll1h0vxdx8ffkg5nqx', Aliases: ['counter'] }],
      ForceUpdate: spec.force ?? 0,
      Runtime: 'container',
    },
    Mode: { Replicated: { Replicas: spec.replicas ?? 4 } },
    UpdateConfig: { Parallelism: 1, FailureAction: 'rollback', MaxFailureRatio: 0, Order: 'start-first' },
    EndpointSpec: { Mode: 'dnsrr' },
  },
  Endpoint: { Spec: {} },
})
