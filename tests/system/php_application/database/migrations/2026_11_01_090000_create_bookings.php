<?php

return new class {
    public function up(PDO $database): void
    {
        $database->exec('CREATE TABLE bookings (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL)');
    }

    public function down(PDO $database): void
    {
        $database->exec('DROP TABLE bookings');
    }
};
