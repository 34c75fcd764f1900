using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Treeline.PublicApi;

/// <summary>
/// The public surface of an assembly as text: each type and each member on a line of its own, sorted, with nullability
/// and default values, so that a change of it shows as a changed line.
/// </summary>
public static class PublicApiText
{
    private static readonly SymbolDisplayFormat s_typeFormat = new(
        globalNamespaceStyle: SymbolDisplayGlobalNamespaceStyle.Omitted,
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters
            | SymbolDisplayGenericsOptions.IncludeTypeConstraints | SymbolDisplayGenericsOptions.IncludeVariance,
        kindOptions: SymbolDisplayKindOptions.IncludeTypeKeyword,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    private static readonly SymbolDisplayFormat s_memberFormat = new(
        globalNamespaceStyle: SymbolDisplayGlobalNamespaceStyle.Omitted,
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters
            | SymbolDisplayGenericsOptions.IncludeTypeConstraints,
        memberOptions: SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeParameters
            | SymbolDisplayMemberOptions.IncludeModifiers | SymbolDisplayMemberOptions.IncludeConstantValue
            | SymbolDisplayMemberOptions.IncludeRef,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName
            | SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeParamsRefOut,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes
            | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    /// <summary>Describes the assembly in <paramref name="path"/>; what it references is looked up among the loaded assemblies.</summary>
    public static string Of(string path)
    {
        IEnumerable<string> platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        MetadataReference subject = MetadataReference.CreateFromFile(path);
        var compilation = CSharpCompilation.Create(
            "surface",
            references: platform
                .Where(reference => Path.GetFileName(reference) != Path.GetFileName(path))
                .Select(static reference => MetadataReference.CreateFromFile(reference))
                .Append(subject));
        var assembly = (IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(subject)!;

        var text = new StringBuilder();
        foreach (INamedTypeSymbol type in TypesOf(assembly.GlobalNamespace)
                     .OrderBy(static type => type.ToDisplayString(s_typeFormat), StringComparer.Ordinal))
        {
            Describe(type, text);
        }

        return text.ToString();
    }

    private static IEnumerable<INamedTypeSymbol> TypesOf(INamespaceOrTypeSymbol container)
    {
        foreach (INamespaceOrTypeSymbol member in container.GetMembers().OfType<INamespaceOrTypeSymbol>())
        {
            if (member is INamedTypeSymbol type && IsVisible(type))
            {
                yield return type;
            }

            if (member is INamespaceSymbol || IsVisible(member))
            {
                foreach (INamedTypeSymbol nested in TypesOf(member))
                {
                    yield return nested;
                }
            }
        }
    }

    private static void Describe(INamedTypeSymbol type, StringBuilder text)
    {
        string modifiers = type.TypeKind is TypeKind.Class or TypeKind.Struct
            ? type.IsStatic ? "static " : type.IsAbstract ? "abstract "
              : type.IsSealed && type.TypeKind == TypeKind.Class ? "sealed " : ""
            : "";
        IEnumerable<ITypeSymbol> bases = type.TypeKind == TypeKind.Class && type.BaseType is { SpecialType: SpecialType.None } parent
            ? type.Interfaces.Prepend<ITypeSymbol>(parent)
            : type.TypeKind is TypeKind.Enum or TypeKind.Delegate ? [] : type.Interfaces;
        string[] baseNames = [.. bases.Where(IsVisible).Select(static each => each.ToDisplayString(s_memberFormat))];
        string inherits = baseNames.Length == 0 ? "" : " : " + string.Join(", ", baseNames);
        text.Append(modifiers).Append(type.ToDisplayString(s_typeFormat)).Append(inherits).Append('\n');
        if (type.DelegateInvokeMethod is { } invoke)
        {
            text.Append("  ").Append(invoke.ToDisplayString(s_memberFormat)).Append('\n');
            return;
        }

        foreach (string line in type.GetMembers()
                     .Where(IsVisible)
                     .Where(static member => member is IMethodSymbol method
                         ? method.MethodKind is MethodKind.Ordinary or MethodKind.Constructor or MethodKind.UserDefinedOperator
                             or MethodKind.Conversion && method is { IsImplicitlyDeclared: false }
                         : member is not INamedTypeSymbol)
                     .Select(static member => (member.DeclaredAccessibility == Accessibility.Public ? "" : "protected ")
                         + member.ToDisplayString(s_memberFormat))
                     .Order(StringComparer.Ordinal))
        {
            text.Append("  ").Append(line).Append('\n');
        }
    }

    private static bool IsVisible(ISymbol symbol) =>
        symbol.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal
        && (symbol.ContainingType is null || IsVisible(symbol.ContainingType));
}
