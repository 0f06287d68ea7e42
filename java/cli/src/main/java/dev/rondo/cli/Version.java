package dev.rondo.cli;

import picocli.CommandLine.IVersionProvider;

/// What `--version` prints.
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        Runtime.Version java = Runtime.version();
        String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {"rondo " + (version == null ? "(development)" : version) + ", Java " + java};
    }
}
