<?php
// What the application needs to be well; each throws when it is not.
declare(strict_types=1);

return [
    'database' => fn () => database()->query('SELECT COUNT(*) FROM bookings')->fetchColumn(),
    'storage' => fn () => is_writable(BASE . '/storage/framework') ?: throw new RuntimeException('it is read-only'),
];
