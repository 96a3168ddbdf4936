import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

@migration({ description: "The text '11-50' as two numbers, by which one can filter" })
export default class SplitEmployees extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .addColumn('nodes', 'employees_min', 'INTEGER')
      .addColumn('nodes', 'employees_max', 'INTEGER')
      .update('nodes', {
        set: {
          employees_min: { sql: 'CAST(employees AS INTEGER)' },
          employees_max: { sql: `CAST(trim(substr(employees, instr(employees, '-') + 1)) AS INTEGER)` },
        },
        where: `employees GLOB '[0-9]*'`,
      })
      .dropColumn('nodes', 'employees'); // 'unknown' has no number, and is parked with the rest
  }
}
