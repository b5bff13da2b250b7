interface Deployment {
  readonly metadata?: { readonly generation?: number }
  readonly spec?: { readonly replicas?: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly updatedReplicas?: number
    readonly replicas?: number
    readonly availableReplicas?: number
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]
  }
}

/**
 * Progress of a Deployment from `kubectl get deployment -o json`, by the rules of `kubectl rollout status`.
 */
export function rolloutProgress(json: string): 'complete' | 'failed' | 'in progress' {
  let deployment: Deployment
  try {
    deployment = JSON.parse(json) as Deployment
  } catch {
    return 'in progress'
  }
  const { metadata, spec, status } = deployment
  if (status === undefined || (status.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return 'in progress'
  if (status.conditions?.some(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded'))
    return 'failed'
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status
  return updatedReplicas >= (spec?.replicas ?? 1) && replicas <= updatedReplicas && availableReplicas >= updatedReplicas
    ? 'complete'
    : 'in progress'
}
