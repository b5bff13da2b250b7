import { defineVars, STORAGE_DRIVERS, varTypes } from 'labbook'

export const dockerVars = defineVars('docker', {
  docker_source: {
    // Values of earlier inventories are still accepted.
    schema: varTypes.oneOf(['distro', 'docker-ce'], { distribution: 'distro', docker: 'docker-ce' }),
    default: 'distro',
    description: "where Docker is installed from: the distribution, or Docker's own repository",
  },
  docker_storage_driver: {
    schema: varTypes.oneOf(STORAGE_DRIVERS),
    shownDefault: "Docker's choice",
    description: 'storage driver of Docker',
  },
  docker_storage_device: {
    schema: varTypes.text(),
    shownDefault: '`/dev/vdb` with `lab_data_disk`',
    description: "disk for Docker's data; its content is replaced only with `docker_storage_force`",
  },
  docker_storage_force: {
    schema: varTypes.boolean(),
    default: false,
    description: "erases Docker's data and its disk if they do not match the configuration",
  },
})
