import { tagged } from 'labbook'
import { extraImages } from '../../app/images/images.ts'
import { appSettings } from '../settings.ts'
import { k3sAppVars } from '../vars.ts'

/** Redis with Sentinel has HAProxy in front, whose image the Swarm's app does not need. */
export const sentinelImages = tagged(
  'k3s',
  tagged('k3s-app', [
    extraImages(({ vars }) =>
      appSettings(vars).sentinel && k3sAppVars.read(vars).haproxy_image === undefined ? ['balancer'] : [],
    ),
  ]),
)
