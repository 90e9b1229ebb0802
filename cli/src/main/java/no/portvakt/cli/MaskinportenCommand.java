package no.portvakt.cli;

import picocli.CommandLine.Command;

/** {@code portvakt maskinporten}: registers at a Maskinporten that runs, and gets tokens of it. */
@Command(
    name = "maskinporten",
    description = {
      "Register scopes, accesses, clients and keys at a Maskinporten that runs, over its admin API,",
      "and get tokens."
    },
    mixinStandardHelpOptions = true,
    subcommands = {
      ScopeCommand.class,
      AccessCommand.class,
      ClientCommand.class,
      ClientKeyCommand.class,
      TokenCommand.class,
      ApplyCommand.class,
      PrefixCommand.class,
      DelegationCommand.class,
      SystemCommand.class,
      SystemUserCommand.class,
      ConsentCommand.class
    })
final class MaskinportenCommand {}
