package no.portvakt.cli;

import java.io.OutputStream;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A new key with a certificate, as an operator's own authority would hand it out. */
record IssuedKey(KeyPair pair, X509Certificate certificate) {
  static IssuedKey ec(Duration left) throws Exception {
    return of("EC", 256, "SHA256withECDSA", left);
  }

  static IssuedKey rsa(Duration left) throws Exception {
    return of("RSA", 2048, "SHA256withRSA", left);
  }

  private static IssuedKey of(String type, int size, String signature, Duration left)
      throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(type);
    generator.initialize(size);
    KeyPair pair = generator.generateKeyPair();
    X500Name name = new X500Name("CN=imported");
    Instant now = Instant.now();
    X509v3CertificateBuilder builder =
        new X509v3CertificateBuilder(
            name,
            BigInteger.ONE,
            Date.from(now.minusSeconds(60)),
            Date.from(now.plus(left)),
            name,
            SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
    return new IssuedKey(
        pair,
        new JcaX509CertificateConverter()
            .getCertificate(
                builder.build(new JcaContentSignerBuilder(signature).build(pair.getPrivate()))));
  }

  /** Writes PEM. */
  Path write(Path pem) throws Exception {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(new JcaPKCS8Generator(pair.getPrivate(), null));
      writer.writeObject(certificate);
    }
    return Files.writeString(pem, text.toString());
  }

  /** Writes PEM, and PKCS#12 with the password secret. */
  void write(Path pem, Path store) throws Exception {
    write(pem);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    char[] password = "secret".toCharArray();
    keys.setKeyEntry("key", pair.getPrivate(), password, new Certificate[] {certificate});
    try (OutputStream out = Files.newOutputStream(store)) {
      keys.store(out, password);
    }
  }
}
