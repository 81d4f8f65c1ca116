<?php
// Every request comes in here.
declare(strict_types=1);

require __DIR__ . '/../app/base.php';
require __DIR__ . '/../app/metrics.php';
require __DIR__ . '/../app/page.php';

function answer(int $code, array $told): never
{
    counted($code);
    http_response_code($code);
    header('Content-Type: application/json');
    exit(json_encode($told) . "\n");
}

function looked_at(array $components): array
{
    $seen = [];
    foreach ($components as $name => $look) {
        try {
            $look();
            $seen[$name] = ['status' => 'ok'];
        } catch (Throwable $error) {
            $seen[$name] = ['status' => 'failed', 'error' => $error->getMessage()];
        }
    }
    return $seen;
}

function health(array $components): never
{
    $seen = looked_at($components);
    $well = array_unique(array_column($seen, 'status')) === ['ok'];
    answer($well ? 200 : 503, ['status' => $well ? 'ok' : 'failed', 'version' => revision(), 'components' => $seen]);
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file(DOWN)) {
    header('Retry-After: ' . json_decode(file_get_contents(DOWN), true)['retry']);
    answer(503, ['message' => 'Service Unavailable']);
}
if ($path === '/metrics') {
    header('Content-Type: text/plain; version=0.0.4');
    exit(metrics());
}
$components = require __DIR__ . '/../app/components.php';
if ($path === '/api/health') {
    health($components);
}
if (preg_match('#^/api/health/([a-z]+)$#', $path, $asked) && isset($components[$asked[1]])) {
    health([$asked[1] => $components[$asked[1]]]);
}
try {
    $path === '/' ? answer(200, page()) : answer(404, ['message' => 'Not Found']);
} catch (Throwable $error) {
    answer(500, ['message' => $error->getMessage()]);
}
