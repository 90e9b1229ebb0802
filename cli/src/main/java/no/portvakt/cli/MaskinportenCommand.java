package no.portvakt.cli;

import picocli.CommandLine.Command;

/** {@code portvakt maskinporten}: what a client of Maskinporten needs. */
@Command(
    name = "maskinporten",
    description = "Make what a client of Maskinporten needs.",
    mixinStandardHelpOptions = true,
    subcommands = CertificateCommand.class)
final class MaskinportenCommand {}
