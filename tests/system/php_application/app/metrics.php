<?php
// How many requests were answered how, kept in a file because no process of PHP outlives its request.
declare(strict_types=1);

const COUNTED = BASE . '/storage/framework/requests.json';

function counted(int $code = 0): array
{
    $file = fopen(COUNTED, 'c+');
    flock($file, LOCK_EX);
    $counts = json_decode(stream_get_contents($file) ?: '{}', true);
    if ($code) {
        $counts[$code] = ($counts[$code] ?? 0) + 1;
        ftruncate($file, 0);
        rewind($file);
        fwrite($file, json_encode($counts));
    }
    fclose($file);
    return $counts;
}

function metrics(): string
{
    $lines = ['# TYPE app_info gauge', 'app_info{revision="' . revision() . '"} 1', '# TYPE http_requests_total counter'];
    foreach (counted() as $code => $count) {
        $lines[] = "http_requests_total{code=\"$code\"} $count";
    }
    $cached = opcache_get_status(false)['opcache_statistics']['num_cached_scripts'];
    return implode("\n", [...$lines, '# TYPE opcache_scripts gauge', "opcache_scripts $cached", '']);
}
