<?php
// Migrations: each is recorded once all of it has run, and taken back by what it says itself.
declare(strict_types=1);

function known(): array
{
    $files = glob(BASE . '/database/migrations/*.php');
    return array_combine(array_map(fn (string $file) => basename($file, '.php'), $files), $files);
}

function recorded(): array
{
    database()->exec(
        'CREATE TABLE IF NOT EXISTS migrations'
        . ' (id INT AUTO_INCREMENT PRIMARY KEY, migration VARCHAR(190) NOT NULL, batch INT NOT NULL)'
    );
    return database()->query('SELECT migration, batch FROM migrations ORDER BY id')->fetchAll(PDO::FETCH_KEY_PAIR);
}

function migrate(): int
{
    $recorded = recorded();
    $batch = max([0, ...array_values($recorded)]) + 1;
    $pending = array_diff_key(known(), $recorded);
    foreach ($pending as $name => $file) {
        (require $file)->up(database());
        database()->prepare('INSERT INTO migrations (migration, batch) VALUES (?, ?)')->execute([$name, $batch]);
        echo "  $name .......... DONE\n";
    }
    return $pending ? 0 : says('Nothing to migrate');
}

function rollback(int $steps): int
{
    $recorded = recorded();
    $last = $recorded ? max($recorded) : 0;
    $names = $steps ? array_slice(array_keys($recorded), -$steps) : array_keys($recorded, $last);
    foreach (array_reverse($names) as $name) {
        (require known()[$name])->down(database());
        database()->prepare('DELETE FROM migrations WHERE migration = ?')->execute([$name]);
        echo "  $name .......... DONE\n";
    }
    return $names ? 0 : says('Nothing to rollback');
}

function status(bool $pending): int
{
    $recorded = recorded();
    foreach (array_keys(known()) as $name) {
        if (!isset($recorded[$name])) {
            echo "  $name .......... Pending\n";
        } elseif (!$pending) {
            echo "  $name .......... [{$recorded[$name]}] Ran\n";
        }
    }
    return 0;
}
