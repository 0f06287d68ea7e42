/// The native library of Rondo as a resource: `META-INF/native/<os>-<arch>/librondo.so`. Holds no code.
module dev.rondo.natives {}
