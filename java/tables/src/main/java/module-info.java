/// Tables and series from CSV files.
module dev.rondo.tables {
    requires static transitive org.jspecify;
    requires de.siegmar.fastcsv;
    requires transitive dev.rondo;

    exports dev.rondo.tables;
}
