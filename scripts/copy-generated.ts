// The wire messages are JavaScript already (generated, with declarations): the compiler leaves them where they are.
import { cpSync } from 'node:fs'

cpSync('src/transfer/generated', 'dist/transfer/generated', { recursive: true })
