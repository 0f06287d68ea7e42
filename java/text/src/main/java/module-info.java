/// Sub-words of texts.
module dev.rondo.text {
    requires static transitive org.jspecify;
    requires jtokkit;
    requires transitive dev.rondo;

    exports dev.rondo.text;
}
