<?php
// What visitors get.
declare(strict_types=1);

function page(): array
{
    $names = database()->query("SELECT name FROM bookings ORDER BY id")->fetchAll(PDO::FETCH_COLUMN);
    return ['bookings' => $names, 'served_by' => revision()];
}
