/** Modules of certificates: `import { x509_ca } from 'labbook/x509'`. */
export { x509_ca } from './x509_ca.ts'
export { x509_certificate } from './x509_certificate.ts'
