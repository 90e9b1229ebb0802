package no.portvakt.cli;

import picocli.CommandLine.Command;

/** {@code portvakt maskinporten}: registers at a Maskinporten that runs, and gets tokens of it. */
@Command(
    name = "maskinporten",
    description = {
      "Register clients and scopes at a Maskinporten, and get tokens.",
      "The Maskinporten runs, here or elsewhere; these commands speak to its admin API."
    },
    mixinStandardHelpOptions = true,
    subcommands = {
      ScopeCommand.class,
      AccessCommand.class,
      ClientCommand.class,
      ClientKeyCommand.class,
      TokenCommand.class,
      ApplyCommand.class,
      CertificateCommand.class,
      PrefixCommand.class,
      DelegationCommand.class,
      SystemCommand.class,
      SystemUserCommand.class,
      ConsentCommand.class
    })
final class MaskinportenCommand {}
