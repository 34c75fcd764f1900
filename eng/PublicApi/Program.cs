using Treeline.PublicApi;

// Rewrites src/*/PublicAPI.txt; look at the difference before you commit it.
foreach ((string library, string assembly, string record) in Surfaces.All)
{
    File.WriteAllText(record, PublicApiText.Of(assembly));
    Console.WriteLine($"{library}: {Path.GetRelativePath(Surfaces.Root, record)}");
}
