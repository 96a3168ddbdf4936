export { batch } from './batch/batch.js';
export type { BatchOptions, BatchResult, BatchRow } from './batch/options.js';
export { registerDecant, type DecantOptions, type DecantRegistration } from './container.js';
export { migration, type MigrationOptions } from './domain/decorator.js';
export type { BatchEntry, HalfDone, RowProgress, WalkDefinition, WalkState } from './domain/batches.js';
export {
  MigrationHooks,
  type FinishedStep,
  type HooksClass,
  type RunningPlan,
  type RunningStep,
} from './domain/hooks.js';
export type { DryRunOptions, DryRunOutcome, DryRunReport, DryRunStep, TriedOn } from './domain/dry-run.js';
export type { Anomaly, AnomalyKind } from './domain/history.js';
export type { HistoryEntry, HistoryOptions } from './domain/journal.js';
export {
  Migration,
  type Database,
  type Direction,
  type DiscoveredMigration,
  type MigrationClass,
  type MigrationDefinition,
  type MigrationObject,
  type MigrationRecord,
} from './domain/migration.js';
export type { ArchiveTotal, MigrationArchive, PruneOptions, PruneReport } from './domain/archive.js';
export type { GraphedMigration, MigrationGraph } from './domain/graph.js';
export type { Backup, OnCopied, Preceded, Restored } from './domain/backup.js';
export type { Conflict, ConflictKind } from './domain/conflict.js';
export type { Command, DownOptions, HeldMigration, Plan, PlanStep, UpOptions } from './domain/plan.js';
export type { HistoryPolicy, Policy } from './domain/policy.js';
export type { Profile, ProfiledMigration, ProfiledStatement, Scan } from './domain/profile.js';
export type {
  HookEvent,
  HookReport,
  OnProgress,
  Outcome,
  Progress,
  RunReport,
  StepResult,
} from './domain/report.js';
export type { Requirements } from './domain/requirements.js';
export type { MigrationStatus, StatusReport } from './domain/status.js';
export type {
  ContentDifference,
  SeededTable,
  Verdict,
  VerifiedMigration,
  VerifyMode,
  VerifyProblem,
  VerifyProgress,
  VerifyReport,
  VerifyStep,
} from './domain/verification.js';
export * from './errors.js';
export * from './functions.js';
export { inject, injectable, type DependencyContainer } from './injection.js';
export type { ColumnChange } from './reversible/alter-column.js';
export type { DeleteOptions } from './reversible/delete.js';
export type { Execution, Statements } from './reversible/execute.js';
export { ReversibleMigration } from './reversible/migration.js';
export type { MoveMapping, MoveOptions } from './reversible/move.js';
export type { ConflictOptions } from './reversible/operation.js';
export type { ReversibleSchema } from './reversible/schema.js';
export type { UpdateOptions } from './reversible/update.js';
export type { ReversibleRow, ReversibleValue } from './reversible/values.js';
export { Archives } from './services/archives.js';
export { Backups, type BackupPolicy } from './services/backups.js';
export type { ConfigureConnection } from './services/configure-connection.js';
export { DryRuns, type Execute } from './services/dry-runs.js';
export { MigrationFactory, type NamedClass } from './services/migration-factory.js';
export { MigrationRepository, type AppliedFile, type JournalEntry } from './services/migration-repository.js';
export type { NamedHooks } from './services/hook-calls.js';
export { MigrationService, type BuildHooks } from './services/migration-service.js';
export type { RunOptions } from './services/run-options.js';
export { MigrationSource } from './services/migration-source.js';
export { BodyError, TransactionManager } from './services/transaction-manager.js';
export { alterTable, alterTableSql, rebuildTable, type Rebuild } from './sqlite/alter-table.js';
export type { AlterReceipt, Part } from './sqlite/receipt.js';
export type {
  DefaultValue,
  ForeignKeyAction,
  ForeignKeyDefinition,
  LossyOptions,
  TableBuilder,
} from './sqlite/table-builder.js';
export { defineConfig, type UserConfig } from './user-config.js';
