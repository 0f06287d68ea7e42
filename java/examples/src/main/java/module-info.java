/// Recurrent networks on real data: one class for each example, to be read and copied from.
module dev.rondo.examples {
    requires static org.jspecify;
    requires de.siegmar.fastcsv;
    requires dev.rondo;
    requires info.picocli;

    opens dev.rondo.examples to info.picocli;
}
