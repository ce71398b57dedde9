// What programs say about themselves. It imports nothing of the project; programs hand it to the rooms below.
export { createLogger, type Logger, type LoggerInit, SECRET_FIELDS } from './logger.ts'
export { type Family, type Monitor, type MonitorInit, type Sample, startMonitor } from './monitor.ts'
export { whatIsSilent } from './ready.ts'
