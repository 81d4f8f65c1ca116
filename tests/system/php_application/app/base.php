<?php
// Where the application stands, which release it is, and its database.
declare(strict_types=1);

const BASE = __DIR__ . '/..';
const DOWN = BASE . '/storage/framework/down';

function revision(): string
{
    return trim(file_get_contents(BASE . '/REVISION'));
}

function database(): PDO
{
    static $database = null;
    if ($database === null) {
        $told = parse_ini_file(BASE . '/.env', false, INI_SCANNER_RAW);
        $where = "mysql:unix_socket={$told['DB_SOCKET']};dbname={$told['DB_DATABASE']};charset=utf8mb4";
        $database = new PDO($where, $told['DB_USERNAME'], '', [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    }
    return $database;
}
