import { Migration, migration, type Database } from 'decant';

@migration({ description: "The text '11-50' as two numbers, by which one can filter" })
export default class SplitEmployees extends Migration {
  up(db: Database): void {
    db.exec(`
      ALTER TABLE nodes ADD COLUMN employees_min INTEGER;
      ALTER TABLE nodes ADD COLUMN employees_max INTEGER;
      UPDATE nodes SET employees_min = CAST(employees AS INTEGER),
        employees_max = CAST(trim(substr(employees, instr(employees, '-') + 1)) AS INTEGER)
        WHERE employees GLOB '[0-9]*';
      ALTER TABLE nodes DROP COLUMN employees;
    `);
  }

  override down(db: Database): void {
    db.exec(`
      ALTER TABLE nodes ADD COLUMN employees TEXT;
      UPDATE nodes SET employees = iif(employees_min = employees_max, employees_min, employees_min || '-' || employees_max);
      ALTER TABLE nodes DROP COLUMN employees_max;
      ALTER TABLE nodes DROP COLUMN employees_min;
    `);
  }
}
