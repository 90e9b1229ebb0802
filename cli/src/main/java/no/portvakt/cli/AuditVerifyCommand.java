package no.portvakt.cli;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.audit.AuditVerifier;
import no.portvakt.server.audit.AuditVerifier.Report;
import no.portvakt.server.audit.ChainSpan;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portvakt audit verify}: whether an export is what was signed for; needs no store. */
@Command(
    name = "verify",
    description = "Verify an export of the audit records, without a store.",
    mixinStandardHelpOptions = true)
final class AuditVerifyCommand implements Callable<Integer> {
  private static final long LARGEST_KEY = 64L * 1024;

  @Parameters(paramLabel = "FILE", description = "The export; - is standard input.")
  String file = "-";

  @Option(
      names = "--key",
      paramLabel = "JWKFILE",
      description =
          "The public checkpoint key to trust, a JWK. Default: the one in the export, whose"
              + " thumbprint is then yours to compare.")
  @Nullable Path key;

  @Option(names = "--json", description = "One JSON object.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    JWK trusted = key == null ? null : trusted(key);
    Report report;
    try {
      report =
          file.equals("-")
              ? AuditVerifier.verify(System.in, trusted)
              : AuditVerifier.verify(Path.of(file), trusted);
    } catch (IOException | InvalidPathException e) {
      throw new CannotDo("The export " + file + " can't be read.");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.write(members(report)));
    } else {
      print(out, report);
    }
    out.flush();
    return report instanceof Report.Whole ? 0 : 1;
  }

  private void print(PrintWriter out, Report report) {
    switch (report) {
      case Report.Broken broken -> {
        out.println("BROKEN at line " + broken.line() + place(broken));
        out.println(broken.sentence());
      }
      case Report.Whole whole -> {
        out.printf(
            "whole: %d records, %d chains, %d checkpoints%n",
            whole.records(), whole.chains().size(), whole.checkpoints());
        for (ChainSpan span : whole.chains()) {
          out.printf(
              "chain %-9d %s%n",
              span.chain(),
              span.count() == 0
                  ? "no records are kept"
                  : "records %d to %d".formatted(span.from() + 1, span.to()));
        }
        out.println("first record    " + time(whole.firstTime()));
        out.println("last checkpoint " + time(whole.lastCheckpointTime()));
        out.println("exported        " + whole.endTime());
        out.println("key             " + whole.keyThumbprint());
        if (key == null) {
          out.println(
              "The key is the one in the export: compare its thumbprint with the server's.");
        }
      }
    }
  }

  private Map<String, @Nullable Object> members(Report report) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    members.put("whole", report instanceof Report.Whole);
    switch (report) {
      case Report.Broken broken -> {
        members.put("line", broken.line());
        members.put("chain", broken.chain());
        members.put("seq", broken.seq());
        members.put("reason", broken.sentence());
      }
      case Report.Whole whole -> {
        members.put("records", whole.records());
        members.put("chains", whole.chains().stream().map(AuditVerifyCommand::members).toList());
        members.put("checkpoints", whole.checkpoints());
        members.put("first_time", text(whole.firstTime()));
        members.put("last_checkpoint_time", text(whole.lastCheckpointTime()));
        members.put("end_time", text(whole.endTime()));
        members.put("key", whole.keyThumbprint());
        members.put("key_trusted", key != null);
      }
    }
    return members;
  }

  private static Map<String, Object> members(ChainSpan span) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("chain", span.chain());
    members.put("from", span.from());
    members.put("to", span.to());
    members.put("to_hash", span.toHash());
    return members;
  }

  private static String place(Report.Broken broken) {
    return (broken.chain() == null ? "" : ", chain " + broken.chain())
        + (broken.seq() == null ? "" : ", record " + broken.seq());
  }

  private static String time(@Nullable Instant time) {
    return time == null ? "none" : time.toString();
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }

  @SuppressWarnings("unchecked") // objects that Json reads have string keys
  private static JWK trusted(Path file) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_KEY) {
        throw new CannotDo("There is no key file " + file + " of at most 64 KiB.");
      }
      Map<String, ?> members = Json.readObject(Files.readAllBytes(file));
      ECKey key = ECKey.parse((Map<String, Object>) members);
      if (Curve.P_256.equals(key.getCurve())) {
        return key.toPublicJWK();
      }
    } catch (IOException e) {
      throw new CannotDo("The key in " + file + " can't be read.");
    } catch (MalformedJson | ParseException | IllegalArgumentException e) {
      // said below
    }
    throw new CannotDo("The file " + file + " holds no P-256 key as a JWK.");
  }
}
