/// The `rondo` command.
module dev.rondo.cli {
    requires static org.jspecify;
    requires de.siegmar.fastcsv;
    requires dev.rondo;
    requires dev.rondo.tables;
    requires info.picocli;
    requires me.tongfei.progressbar;

    opens dev.rondo.cli to info.picocli;
}
