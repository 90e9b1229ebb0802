/**
 * Private keys and passwords that are kept in Azure Key Vault.
 *
 * <p>Only this package knows Microsoft's libraries; none of their types leaves it but {@link
 * com.azure.core.credential.TokenCredential}.
 */
@NullMarked
package no.portvakt.keyvault.azure;

import org.jspecify.annotations.NullMarked;
